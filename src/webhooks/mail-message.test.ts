import { expect, test } from 'vitest';
import { parseMailAddress } from './mail-address.ts';
import { mailOf } from './mail-message.ts';
import type { Message } from './message.ts';
import type { Webhook } from './webhook.ts';

const to = parseMailAddress('ann@example.com');
const from = parseMailAddress('pratique@registry.test');
if (to === undefined || from === undefined) throw new Error('no address');

const hostile = '<script>alert(1)</script>\r\nBcc: eve@example.com\u202e"&';
const webhook: Webhook = {
  id: 3,
  namespaceId: 1,
  name: hostile,
  format: 'email',
  recipients: [to],
  kinds: ['findings.changed'],
  filter: { fixableOnly: false, knownExploitedOnly: false },
  enabled: true,
  createdBy: 'admin',
  createdAt: new Date(0),
};
const tallied = (change: string, severity: string, count: number) => ({ change, severity, count });
const message: Message = {
  id: 'event-7',
  kind: 'findings.changed',
  at: '2026-05-01T00:00:00.000Z',
  namespace: 'prod',
  subject: 'prod',
  title: `Vulnerabilities in ${hostile}`,
  findings: [
    {
      change: 'added',
      id: hostile,
      severity: 'critical',
      package: hostile,
      version: '1.2',
      fixedVersion: '1.3',
      knownExploited: true,
    },
  ],
  findingCount: 8,
  images: [`prod/app:${hostile}`],
  imageCount: 12,
  facts: {
    tally: [
      tallied('added', 'critical', 2),
      tallied('added', 'high', 3),
      tallied('added', 'low', 1),
      tallied('removed', 'high', 2),
    ],
  },
};
const mail = (change: Partial<Message> = {}, owner: Partial<Webhook> = {}) =>
  mailOf(
    { ...message, ...change },
    { webhook: { ...webhook, ...owner }, to, from, externalUrl: 'https://registry.test:5000' },
  );

test('the subject of a mail says where, and what is new', () => {
  expect(mail().subject).toBe(
    '[Pratique] prod: vulnerabilities in 12 images: 2 new critical, 3 new high, 2 gone',
  );
  const only = (change: string, severity: string) =>
    mail({ facts: { tally: [tallied(change, severity, 4)] }, imageCount: 1 }).subject;
  expect(only('added', 'low')).toBe('[Pratique] prod: vulnerabilities in 1 image: 4 new');
  expect(only('became-fixable', 'high')).toBe('[Pratique] prod: vulnerabilities in 1 image: 4 fixable now');
  expect(mail({ kind: 'blob.damaged', title: 'The stored blob x is damaged' }).subject).toBe(
    '[Pratique] prod: The stored blob x is damaged',
  );
});

test('a mail is known again by its id, and programs by its headers', () => {
  const { messageId, headers } = mail();
  expect(messageId).toMatch(/^event-7\.[0-9a-f]{24}@registry\.test$/);
  expect(mail().messageId).toBe(messageId);
  expect(mail({}, { id: 4 }).messageId).not.toBe(messageId);
  expect(headers).toEqual({
    'List-Id': '<prod.pratique.registry.test>',
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
  });
});

test('nothing of an image, or of a name, is markup or ends a line (threats.md D8)', () => {
  const { subject, text, html } = mail({ kind: 'pull.blocked' });
  const plainText = '<script>alert(1)</script>  Bcc: eve@example.com "&';
  const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;  Bcc: eve@example.com &quot;&amp;';
  expect(subject).toBe(`[Pratique] prod: Vulnerabilities in ${plainText}`);
  expect(text.split('\n').filter((line) => /^bcc:/i.test(line))).toEqual([]);
  expect(text).toContain(`* new: ${plainText} (critical, known to be exploited) in ${plainText} 1.2`);
  expect(html).toContain(`<td style="text-align: left; padding: 2px 16px 2px 0">${escaped} 1.2</td>`);
  expect(html).not.toContain('<script');
  expect(html).toContain('and 7 more');
  for (const part of [text, html]) expect(part).not.toMatch(/[\r\u202e]/);
});

test('a mail leads to what it is about, and to where it is changed', () => {
  expect(mail().text).toContain('Open in Pratique: https://registry.test:5000/namespaces/prod?tab=events\n');
  expect(mail().text).toContain('Changed at: https://registry.test:5000/namespaces/prod?tab=webhooks\n');
  const { namespaceId: _, ...ofRegistry } = webhook;
  const whole = mailOf(message, { webhook: ofRegistry, to, from, externalUrl: 'https://registry.test' });
  expect(whole.text).toContain('Changed at: https://registry.test/webhooks\n');
});

test('parseMailAddress() takes plain addresses and refuses what could be more (threats.md D8)', () => {
  expect(parseMailAddress("o'neil+x@Mail.Example.COM")).toBe("o'neil+x@mail.example.com");
  for (const text of [
    'ann',
    'ann@',
    '@example.com',
    'ann@example..com',
    'ann@-example.com',
    'ann@example.com\r\nBcc: eve@example.com',
    'ann@example.com\n',
    'ann@example.com, eve@example.com',
    'Ann <ann@example.com>',
    '"ann\r\n"@example.com',
    'ann eve@example.com',
    'ann@exam ple.com',
    'ann\u0000@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ann@${'a'.repeat(64)}.com`,
  ])
    expect(parseMailAddress(text), JSON.stringify(text)).toBeUndefined();
});
