import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordEvent } from '../accounts/events.ts';
import { type MailReceiver, startMailReceiver } from '../testing/mail-receiver.ts';
import { startWebhookHarness, type WebhookHarness } from '../testing/webhook-harness.ts';
import { attemptsMax } from './deliverer.ts';
import { queueAttempt } from './delivery-enqueuer.ts';
import { listDeliveries, reviveDelivery } from './delivery-store.ts';
import { type MailAddress, parseMailAddress } from './mail-address.ts';
import { MailServer } from './mail-server.ts';

let harness: WebhookHarness;
let receiver: MailReceiver;
let namespaceId: number;
let webhookId: number;

const address = (text: string): MailAddress => {
  const parsed = parseMailAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
};
const [ann, bob, eve] = ['ann@example.com', 'bob@example.com', 'eve@elsewhere.test'].map(address);

beforeAll(async () => {
  receiver = await startMailReceiver();
  const from = address('pratique@registry.test');
  const where = { host: '127.0.0.1', port: receiver.port, tls: 'none' } as const;
  harness = await startWebhookHarness(
    new MailServer({ ...where, from, recipientDomains: ['example.com'], timeoutMs: 5_000 }),
  );
  namespaceId = await harness.addNamespace('demo');
});
afterAll(async () => {
  await harness.close();
  await receiver.close();
});
beforeEach(async () => {
  receiver.recipients.clear();
  receiver.refusal = undefined;
  await harness.database.db.deleteFrom('webhook').execute();
});

const addTarget = async (...recipients: (MailAddress | undefined)[]) => {
  const created = await harness.store.create(harness.database.db, {
    namespaceId,
    name: 'owners',
    format: 'email',
    recipients: recipients.flatMap((one) => one ?? []),
    kinds: ['quota.exceeded'],
    filter: { fixableOnly: false, knownExploitedOnly: false },
    createdBy: 'a test',
  });
  expect(created?.secret).toBeUndefined();
  webhookId = created?.webhook.id ?? 0;
  await recordEvent(harness.database.db, {
    kind: 'quota.exceeded',
    namespaceId,
    actor: 'dev',
    subject: 'demo/app',
  });
};
const delivery = async () => {
  const { items } = await listDeliveries(harness.database.db, { webhookId, limit: 5 });
  expect(items.length).toBeLessThanOrEqual(1);
  return items[0];
};
const mailsTo = (to: string) => receiver.received.filter((mail) => mail.to.includes(to));

test('a mail goes to each recipient alone, and again only to those whom it has not reached', async () => {
  receiver.recipients.set('bob@example.com', { code: 451, text: '4.7.1 canary-of-the-answer' });
  await addTarget(ann, bob);
  await expect.poll(async () => (await delivery())?.attempts, { timeout: 10_000 }).toBeGreaterThan(0);
  receiver.recipients.clear();
  await expect
    .poll(async () => await delivery(), { timeout: 10_000 })
    .toMatchObject({ state: 'delivered', lastStatus: 250, outstanding: [], refused: [] });
  expect(mailsTo('ann@example.com')).toHaveLength(1);
  const [mail] = mailsTo('bob@example.com');
  expect(mail?.to).toEqual(['bob@example.com']);
  expect(mail?.raw).toMatch(/^To: bob@example\.com\r$/m);
  expect(mail?.raw).not.toContain('ann@example.com');
});

test('a recipient that is refused for good makes a dead letter, which is sent again to that one alone', async () => {
  const before = receiver.received.length;
  receiver.recipients.set('bob@example.com', { code: 550, text: '5.1.1 canary-of-the-answer' });
  await addTarget(ann, bob, eve);
  await expect.poll(async () => (await delivery())?.state, { timeout: 10_000 }).toBe('failed');
  const dead = await delivery();
  expect(dead).toMatchObject({
    attempts: 1,
    outstanding: [],
    refused: ['bob@example.com', 'eve@elsewhere.test'],
  });
  expect(dead?.lastError).toBe(
    'bob@example.com: it refused the recipient (550 5.1.1); eve@elsewhere.test: mail of this server goes to addresses of example.com only',
  );
  expect(receiver.received.length - before).toBe(1);
  receiver.recipients.clear();
  await harness.database.db.transaction().execute(async (transaction) => {
    await reviveDelivery(transaction, { webhookId, id: dead?.id ?? 0 });
    await queueAttempt(harness.queue, transaction, { delivery: dead?.id ?? 0 });
  });
  await expect
    .poll(async () => (await delivery())?.refused, { timeout: 10_000 })
    .toEqual(['eve@elsewhere.test']);
  expect(receiver.received.slice(before).map(({ to }) => to)).toEqual([
    ['ann@example.com'],
    ['bob@example.com'],
  ]);
});

test('a mail that is refused for now is tried as often as a request, one that is refused for good once', async () => {
  receiver.refusal = { code: 452, text: '4.2.2 canary-of-the-answer' };
  await addTarget(ann);
  await expect.poll(async () => (await delivery())?.state, { timeout: 15_000 }).toBe('failed');
  const lastError = 'ann@example.com: it refused the mail for now (452 4.2.2)';
  expect(await delivery()).toMatchObject({ attempts: attemptsMax, lastStatus: 452, lastError });
  await harness.database.db.deleteFrom('webhook').execute();
  receiver.refusal = { code: 554, text: '5.7.1 canary-of-the-answer' };
  await addTarget(ann);
  await expect
    .poll(async () => await delivery(), { timeout: 10_000 })
    .toMatchObject({ state: 'failed', attempts: 1, lastStatus: 554 });
});
