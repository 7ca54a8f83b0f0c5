import { describe, expect, test } from 'vitest';
import type { Message } from './message.ts';
import { payloadOf } from './payload.ts';
import type { RequestFormat } from './webhook.ts';

const hostile = [
  '<script>alert(1)</script>',
  '<!channel> <https://evil.example|click>',
  '[click](https://evil.example)',
  'two\nlines\r\u2028more',
  '\u202egnp.exe',
  '\ud800 half',
  '"},{"type":"x',
  'x'.repeat(1_000_000),
];

const messageWith = (text: string): Message => ({
  id: 'event-7',
  kind: 'findings.changed',
  at: '2026-01-01T00:00:00.000Z',
  namespace: 'demo',
  subject: 'demo',
  title: `New in ${text}`,
  findings: [
    {
      change: 'added',
      id: 'CVE-2026-1',
      severity: 'critical',
      package: text,
      version: text,
      knownExploited: true,
    },
    {
      change: 'severity-changed',
      id: 'CVE-2026-2',
      severity: 'high',
      previousSeverity: 'low',
      package: 'zlib',
      version: '1.2',
      fixedVersion: '1.3',
      knownExploited: false,
    },
  ],
  findingCount: 60,
  images: [`demo/${text}:1`],
  imageCount: 1_000,
  facts: { cause: 'advisories' },
});

const bodyOf = (format: RequestFormat, text: string) =>
  JSON.parse(payloadOf(messageWith(text), { format, externalUrl: 'https://registry.test' }).body);

/** Every string below `value`, with the type of the object that holds it. */
function textsOf(value: unknown, type = ''): readonly { readonly type: string; readonly text: string }[] {
  if (typeof value === 'string') return [{ type, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && typeof value.type === 'string' ? value.type : type;
  return Object.values(value).flatMap((inner) => textsOf(inner, own));
}

describe('payloadOf() of chats keeps hostile names plain and short (threats.md D8)', () => {
  for (const text of hostile) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      for (const format of ['slack', 'teams'] as const) {
        const texts = textsOf(bodyOf(format, text));
        const markup = texts.filter(({ type }) => type === 'mrkdwn' || type === 'TextBlock');
        expect(markup.map((one) => one.text).join(' ')).not.toContain('evil.example');
        for (const one of texts) {
          expect(one.text.length).toBeLessThan(3_000);
          expect(one.text).not.toMatch(/[\p{Cf}\r\u2028\ud800]/u);
        }
        // Eleven findings with the count of the others, and one line of images.
        const lines = texts.flatMap((one) => one.text.split('\n'));
        expect(lines.filter((line) => line.startsWith('new: CVE-2026-1'))).toHaveLength(1);
      }
      const { text: summary } = bodyOf('slack', text) as { readonly text: string };
      expect(summary).not.toMatch(/[<>]/);
    });
  }
});

test('payloadOf() of Slack and Teams says what changed, what else there is, and where to look', () => {
  for (const format of ['slack', 'teams'] as const) {
    const texts = textsOf(bodyOf(format, 'musl')).flatMap(({ text }) => text.split('\n'));
    expect(texts).toEqual(
      expect.arrayContaining([
        'New in musl',
        'new: CVE-2026-1 (critical, known to be exploited) in musl musl',
        'rated otherwise: CVE-2026-2 (high, was low) in zlib 1.2, fixed in 1.3',
        'and 58 more',
        'Images: demo/musl:1 and 999 more',
        expect.stringContaining('https://registry.test/namespaces/demo?tab=events'),
      ]),
    );
  }
  expect(bodyOf('teams', 'musl')).toMatchObject({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.4' },
      },
    ],
  });
});

test('payloadOf() of CloudEvents has the attributes that its specification asks for', () => {
  const { data, ...attributes } = bodyOf('cloudevents', 'musl');
  expect(attributes).toEqual({
    specversion: '1.0',
    id: 'event-7',
    source: 'https://registry.test',
    type: 'pratique.findings.changed',
    subject: 'demo',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
  });
  expect(data).toMatchObject({
    namespace: 'demo',
    findingCount: 60,
    truncated: true,
    imageCount: 1_000,
    cause: 'advisories',
  });
});
