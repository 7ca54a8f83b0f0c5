import { createHmac, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordEvent } from '../accounts/events.ts';
import { EgressClient } from '../egress/egress-client.ts';
import { startWebhookHarness, type WebhookHarness } from '../testing/webhook-harness.ts';
import {
  type ReceivedDelivery,
  startSilentReceiver,
  startWebhookReceiver,
  type WebhookReceiver,
} from '../testing/webhook-receiver.ts';
import { attemptsMax, Deliverer } from './deliverer.ts';
import { queueAttempt } from './delivery-enqueuer.ts';
import { DeliveryPlaces } from './delivery-places.ts';
import { type Delivery, deliveriesKept, listDeliveries, reviveDelivery } from './delivery-store.ts';
import { FanOut } from './fan-out.ts';
import { RequestCarrier } from './request-carrier.ts';
import type { FindingFilter, RequestFormat, WebhookKind } from './webhook.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const any: FindingFilter = { fixableOnly: false, knownExploitedOnly: false };
const high = {
  kind: 'vulnerability',
  id: 'CVE-2026-1',
  severity: 'high',
  packageName: 'musl',
  installedVersion: '1.1.16-r10',
  fixedVersion: '1.1.16-r11',
  knownExploited: false,
};

let harness: WebhookHarness;
let receiver: WebhookReceiver;
let namespaceId: number;

beforeEach(async () => {
  harness = await startWebhookHarness();
  receiver = await startWebhookReceiver();
  namespaceId = await harness.addNamespace('demo');
});
afterEach(async () => {
  await harness.close();
  await receiver.close();
});

async function addWebhook(
  options: {
    format?: RequestFormat;
    kinds?: readonly WebhookKind[];
    filter?: FindingFilter;
    namespaceId?: number | undefined;
    url?: string;
  } = {},
) {
  const created = await harness.store.create(harness.database.db, {
    namespaceId: 'namespaceId' in options ? options.namespaceId : namespaceId,
    name: 'hook',
    format: options.format ?? 'cloudevents',
    url: new URL(options.url ?? receiver.url),
    kinds: options.kinds ?? ['pull.blocked'],
    filter: options.filter ?? any,
    createdBy: 'a test',
  });
  if (created === undefined) throw new Error('too many webhooks');
  return { id: created.webhook.id, secret: created.secret ?? '' };
}

const block = (
  change: {
    actor?: string;
    reasons?: readonly object[];
    kind?: string;
    digest?: string;
    namespaceId?: number;
  } = {},
) => {
  const { reasons = [high] } = change;
  return recordEvent(harness.database.db, {
    kind: change.kind ?? 'pull.blocked',
    namespaceId: change.namespaceId ?? namespaceId,
    actor: change.actor ?? 'dev',
    client: '10.0.0.1 containerd/2',
    subject: `demo/app@${change.digest ?? digest}`,
    details: {
      digest: change.digest ?? digest,
      tag: '1.0',
      verdict: 'block',
      reasons,
      reasonCount: reasons.length,
      exempted: 0,
    },
  });
};

const idle = () =>
  expect
    .poll(async () => {
      const { rows } = await sql<{ count: number }>`
          select count(*) as count from graphile_worker.jobs where attempts < max_attempts`.execute(
        harness.database.db,
      );
      return rows[0]?.count;
    })
    .toBe(0);

const deliveriesOf = async (webhookId: number): Promise<readonly Delivery[]> =>
  (await listDeliveries(harness.database.db, { webhookId, limit: 500 })).items;

/** What a receiver does (https://www.standardwebhooks.com, "Verifying"). */
function isSignedBy(secret: string, { headers, body }: ReceivedDelivery): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', key).update(signed).digest();
  const [version, signature = ''] = String(headers['webhook-signature']).split(',');
  const given = Buffer.from(signature, 'base64');
  return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
}

describe('a delivery', () => {
  test('is a signed CloudEvent of the refused pull, with its ids', async () => {
    const { id, secret } = await addWebhook();
    await block();
    await expect.poll(() => receiver.received.length).toBe(1);
    const [delivery] = receiver.received;
    if (delivery === undefined) throw new Error('nothing was delivered');
    expect(delivery.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    const event = JSON.parse(delivery.body);
    expect(event).toMatchObject({
      specversion: '1.0',
      id: delivery.headers['webhook-id'],
      source: 'https://registry.test',
      type: 'pratique.pull.blocked',
      subject: `demo/app@${digest}`,
      data: {
        namespace: 'demo',
        repository: 'demo/app',
        digest,
        tag: '1.0',
        account: 'dev',
        findings: [{ id: 'CVE-2026-1', severity: 'high', package: 'musl', fixedVersion: '1.1.16-r11' }],
        findingCount: 1,
        truncated: false,
      },
    });
    expect(isSignedBy(secret, delivery)).toBe(true);
    expect(isSignedBy(secret, { ...delivery, body: delivery.body.replace('high', 'low') })).toBe(false);
    const later = { ...delivery.headers, 'webhook-timestamp': '9999999999' };
    expect(isSignedBy(secret, { ...delivery, headers: later })).toBe(false);
    await expect
      .poll(async () => await deliveriesOf(id))
      .toMatchObject([{ state: 'delivered', attempts: 1, lastStatus: 204 }]);
  });

  test('exists exactly when the event was committed', async () => {
    const { id } = await addWebhook();
    await harness.database.db
      .transaction()
      .execute(async (transaction) => {
        await recordEvent(transaction, { kind: 'pull.blocked', namespaceId, actor: 'x', subject: 'y' });
        throw new Error('rolled back');
      })
      .catch(() => {});
    await idle();
    expect(await deliveriesOf(id)).toEqual([]);
  });

  test('is repeated with the same id until it is a dead letter that says why, and can be sent again', async () => {
    const { id } = await addWebhook();
    receiver.status = 500;
    await block();
    await expect.poll(async () => (await deliveriesOf(id))[0]?.state).toBe('failed');
    const [dead] = await deliveriesOf(id);
    expect(dead).toMatchObject({
      attempts: attemptsMax,
      lastStatus: 500,
      lastError: 'it answered with status 500',
    });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(receiver.received).toHaveLength(attemptsMax);
    await idle();
    receiver.status = 200;
    await harness.database.db.transaction().execute(async (transaction) => {
      await reviveDelivery(transaction, { webhookId: id, id: dead?.id ?? 0 });
      await queueAttempt(harness.queue, transaction, { delivery: dead?.id ?? 0 });
    });
    await expect
      .poll(async () => (await deliveriesOf(id))[0])
      .toMatchObject({ state: 'delivered', attempts: 1 });
    expect(receiver.received.at(-1)?.headers['webhook-id']).toBe(dead?.message.id);
  }, 30_000);

  test('ends at once where the receiver is gone for good', async () => {
    const { id } = await addWebhook();
    receiver.status = 410;
    await block();
    await expect
      .poll(async () => (await deliveriesOf(id))[0])
      .toMatchObject({ state: 'failed', attempts: 1, lastStatus: 410 });
  });

  test('waits longer after each attempt, and as long as the receiver asks', async () => {
    const { id } = await addWebhook();
    receiver.status = 500;
    const now = () => new Date('2030-01-01T00:00:00Z');
    const egress = new EgressClient({ allow: ['127.0.0.1/32'] });
    const requests = new RequestCarrier({ egress, now, externalUrl: 'https://registry.test' });
    const slow = new Deliverer({
      db: harness.database.db,
      enqueuer: { enqueue: async () => {} },
      requests,
      mails: requests,
      store: harness.store,
      places: new DeliveryPlaces({ nowMs: () => 0 }),
      now,
      random: () => 1,
    });
    await harness.queue.stop();
    await block();
    await new FanOut({ db: harness.database.db, enqueuer: { enqueue: async () => {} } }).run({ event: 1 });
    const delaysMs: number[] = [];
    for (let attempt = 1; attempt < attemptsMax; attempt += 1) {
      const [waiting] = await deliveriesOf(id);
      await slow.run({ delivery: waiting?.id }, { signal: new AbortController().signal });
      const [after] = await deliveriesOf(id);
      delaysMs.push((after?.nextAttemptAt?.getTime() ?? 0) - Date.parse('2030-01-01T00:00:00Z'));
    }
    expect(delaysMs).toEqual([5_000, 20_000, 80_000, 320_000, 1_280_000, 5_120_000, 20_480_000]);
  });

  test('does not wait for receivers that never answer (threats.md F27)', async () => {
    await using silent = await startSilentReceiver();
    const other = await harness.addNamespace('other');
    await addWebhook({ url: silent.url });
    for (let n = 0; n < 3; n += 1) await addWebhook({ url: silent.url, namespaceId: other });
    for (let n = 0; n < 4; n += 1) {
      await block({ actor: `dev${n}` });
      await block({ actor: `dev${n}`, namespaceId: other });
    }
    await expect.poll(silent.requests).toBe(5);
    const { id } = await addWebhook({ kinds: ['pull.warned'] });
    await block({ kind: 'pull.warned' });
    await expect.poll(() => receiver.received.length).toBe(1);
    await expect
      .poll(async () => await deliveriesOf(id))
      .toMatchObject([{ state: 'delivered', attempts: 1 }]);
    expect(silent.requests()).toBe(5);
  });

  test('of a redirect goes nowhere else (threats.md B2)', async () => {
    const { id } = await addWebhook();
    receiver.status = 302;
    await block();
    await expect
      .poll(async () => (await deliveriesOf(id))[0]?.lastError)
      .toContain('a redirect, which is not followed');
  });

  test('to an address that is not open is refused without a connection (threats.md B1)', async () => {
    const { id } = await addWebhook({ url: receiver.url.replace('127.0.0.1', '127.0.0.2') });
    await block();
    await expect.poll(async () => (await deliveriesOf(id))[0]?.lastError).toContain('this machine');
    expect(receiver.received).toHaveLength(0);
  });
});

describe('which events', () => {
  test('one for each digest, account and hour', async () => {
    const { id } = await addWebhook();
    await block();
    await block();
    await block({ actor: 'other' });
    await block({ digest: `sha256:${'b'.repeat(64)}` });
    await idle();
    expect(await deliveriesOf(id)).toHaveLength(3);
    await sql`update webhook_delivery set created_at = created_at - interval '61 minutes'`.execute(
      harness.database.db,
    );
    await block();
    await idle();
    expect(await deliveriesOf(id)).toHaveLength(4);
  });

  test('the same event twice makes one delivery', async () => {
    const { id } = await addWebhook({ kinds: ['quota.exceeded'] });
    await recordEvent(harness.database.db, {
      kind: 'quota.exceeded',
      namespaceId,
      actor: 'dev',
      subject: 'demo/app',
    });
    await idle();
    const { id: event } = await harness.database.db
      .selectFrom('event')
      .select('id')
      .executeTakeFirstOrThrow();
    await harness.fanOut.run({ event });
    expect(await deliveriesOf(id)).toHaveLength(1);
  });

  test('those of the webhook: kinds, namespace, enabled; the registry hears of every namespace', async () => {
    const other = await harness.addNamespace('other');
    const own = await addWebhook();
    const foreign = await addWebhook({ namespaceId: other });
    const whole = await addWebhook({ namespaceId: undefined });
    const warned = await addWebhook({ kinds: ['pull.warned'] });
    const off = await addWebhook();
    await harness.store.change(harness.database.db, { namespaceId, id: off.id }, { enabled: false });
    await block();
    await idle();
    const counts = await Promise.all(
      [own, foreign, whole, warned, off].map(async ({ id }) => (await deliveriesOf(id)).length),
    );
    expect(counts).toEqual([1, 0, 1, 0, 0]);
  });

  for (const [words, filter, reasons, expected] of [
    ['below the minimum', { ...any, minSeverity: 'critical' }, [high], 0],
    ['at the minimum', { ...any, minSeverity: 'high' }, [high], 1],
    ['of unknown severity', { ...any, minSeverity: 'critical' }, [{ ...high, severity: 'unknown' }], 1],
    ['without a fix', { ...any, fixableOnly: true }, [{ ...high, fixedVersion: undefined }], 0],
    ['with a fix', { ...any, fixableOnly: true }, [high], 1],
    ['not exploited', { ...any, knownExploitedOnly: true }, [high], 0],
    ['exploited', { ...any, knownExploitedOnly: true }, [{ ...high, knownExploited: true }], 1],
    [
      'of a state, which is no finding',
      { ...any, minSeverity: 'critical' },
      [{ kind: 'state', state: 'pending', message: 'not scanned' }],
      1,
    ],
  ] as const) {
    test(`a refusal ${words} is told ${expected} times`, async () => {
      const { id } = await addWebhook({ filter });
      await block({ reasons });
      await idle();
      expect(await deliveriesOf(id)).toHaveLength(expected);
    });
  }

  test('the log of a webhook is bounded', async () => {
    const { id } = await addWebhook();
    await sql`
      insert into webhook_delivery (webhook_id, event_id, kind, message, state)
      select ${id}, -n, 'pull.blocked', '{}', 'delivered' from generate_series(1, 300) n`.execute(
      harness.database.db,
    );
    await block();
    await idle();
    expect((await deliveriesOf(id)).length).toBe(deliveriesKept);
  });
});

test('no secret, URL or answer is in the database, in messages of the queue or in what is shown (threats.md E4)', async () => {
  const { id, secret } = await addWebhook();
  receiver.status = 500;
  receiver.answer = 'canary-of-the-answer';
  await block();
  await expect.poll(async () => (await deliveriesOf(id))[0]?.state).toBe('failed');
  const { rows } = await sql<{ text: string }>`
    select (select jsonb_agg(to_jsonb(w) - 'sealed')::text from webhook w)
      || (select jsonb_agg(d)::text from webhook_delivery d) || (select coalesce(jsonb_agg(j)::text, '') from graphile_worker.jobs j)
      || encode((select sealed from webhook limit 1), 'escape') as text`.execute(harness.database.db);
  const seen = `${rows[0]?.text}${harness.troubles.join('\n')}`;
  for (const canary of [secret, secret.slice('whsec_'.length), 'path-token', 'canary-of-the-answer'])
    expect(seen).not.toContain(canary);
  expect(seen).toContain('it answered with status 500');
}, 30_000);

test('Deliverer.test() sends once, and says how it went', async () => {
  const { id } = await addWebhook({ format: 'slack' });
  const { signal } = new AbortController();
  expect(await harness.deliverer.test(id, signal)).toMatchObject({
    state: 'delivered',
    attempts: 1,
    lastStatus: 204,
  });
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
    text: 'This is a test of the webhook hook',
  });
  receiver.status = 404;
  expect(await harness.deliverer.test(id, signal)).toMatchObject({
    state: 'failed',
    attempts: 1,
    lastError: 'it answered with status 404',
  });
  expect(await harness.deliverer.test(999, signal)).toBeUndefined();
});
