import type { Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Attempt, Carrier } from './attempt.ts';
import { type DeliveryEnqueuer, queueAttempt } from './delivery-enqueuer.ts';
import type { DeliveryPlaces } from './delivery-places.ts';
import { createDelivery, type Delivery, forgetOldDeliveries, readDelivery } from './delivery-store.ts';
import type { Message } from './message.ts';
import type { Webhook } from './webhook.ts';
import type { OpenedWebhook, WebhookStore } from './webhook-store.ts';

export interface DelivererOptions {
  readonly db: Database;
  readonly enqueuer: DeliveryEnqueuer;
  /** What sends requests. */
  readonly requests: Carrier;
  /** What sends mail. */
  readonly mails: Carrier;
  readonly store: WebhookStore;
  readonly places: DeliveryPlaces;
  readonly now: () => Date;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The first attempt and those after about 5 s, 20 s, 80 s, 5 min, 21 min, 85 min and 6 h; then it is a dead letter. */
export const attemptsMax = 8;
const firstDelayMs = 5_000;
const delayGrowth = 4;
const delayMsMax = 6 * 3_600_000;

/** Sends deliveries: at least once, the same event id each time. */
export class Deliverer {
  readonly #options: DelivererOptions;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** The handler of `deliveryJobKind`. Throws only when the attempt was not made; then the queue repeats the job. */
  readonly run = async (
    payload: Readonly<Record<string, unknown>>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> => {
    const { db, enqueuer, store, places } = this.#options;
    const delivery = await readDelivery(db, Number(payload['delivery']));
    if (delivery?.state !== 'waiting') return;
    const opened = await store.open(db, delivery.webhookId);
    if (opened === undefined) return;
    const { id: webhookId, namespaceId } = opened.webhook;
    const leave = places.take({ webhookId, namespaceId });
    if (leave === undefined) {
      // Others were taken on the same answer of `barred()`.
      const again = { delivery: delivery.id };
      return await db.transaction().execute((transaction) => queueAttempt(enqueuer, transaction, again));
    }
    try {
      await this.#deliver(delivery, { opened, signal, attemptsMax });
    } finally {
      leave();
    }
  };

  /** Sends a message that says it is a test, once and at once; undefined when the webhook has gone. */
  async test(webhookId: number, signal: AbortSignal): Promise<Delivery | undefined> {
    const { db, store, now } = this.#options;
    const opened = await store.open(db, webhookId);
    if (opened === undefined) return undefined;
    const { webhook } = opened;
    const id = await db.transaction().execute(async (transaction) => {
      const message = await testMessage(transaction, webhook, now());
      const created = await createDelivery(transaction, { webhookId, message });
      await forgetOldDeliveries(transaction, webhookId);
      return created;
    });
    const delivery = id === undefined ? undefined : await readDelivery(db, id);
    if (delivery === undefined) return undefined;
    await this.#deliver(delivery, { opened, signal, attemptsMax: 1 });
    return await readDelivery(db, delivery.id);
  }

  async #deliver(
    delivery: Delivery,
    options: { readonly opened: OpenedWebhook; readonly signal: AbortSignal; readonly attemptsMax: number },
  ): Promise<void> {
    const attempt = await this.#attempt(delivery, options);
    await this.#options.db
      .transaction()
      .execute((transaction) =>
        this.#settle(transaction, { delivery, attempt, attemptsMax: options.attemptsMax }),
      );
  }

  async #attempt(
    { kind, message, outstanding, refused }: Delivery,
    given: { readonly opened: OpenedWebhook; readonly signal: AbortSignal },
  ): Promise<Attempt> {
    const { requests, mails } = this.#options;
    const { enabled, format } = given.opened.webhook;
    if (!enabled && kind !== 'webhook.test') return { error: 'the webhook is switched off', isFinal: true };
    const carrier = format === 'email' ? mails : requests;
    const wanted = { ...given, message, refused };
    return await carrier.attempt(outstanding === undefined ? wanted : { ...wanted, outstanding });
  }

  async #settle(
    transaction: Transaction<Tables>,
    settled: { readonly delivery: Delivery; readonly attempt: Attempt; readonly attemptsMax: number },
  ): Promise<void> {
    const { delivery, attempt } = settled;
    const { now, enqueuer } = this.#options;
    const attempts = delivery.attempts + 1;
    const isDelivered = attempt.error === undefined;
    const isOver = isDelivered || attempt.isFinal === true || attempts >= settled.attemptsMax;
    const nextAttemptAt = isOver ? null : new Date(now().getTime() + this.#delayMs(attempts, attempt));
    const { numUpdatedRows } = await transaction
      .updateTable('webhook_delivery')
      .set({
        state: isDelivered ? 'delivered' : isOver ? 'failed' : 'waiting',
        attempts,
        last_status: attempt.status ?? null,
        last_error: attempt.error ?? null,
        next_attempt_at: nextAttemptAt,
        finished_at: isOver ? now() : null,
        ...(attempt.outstanding === undefined ? {} : { outstanding: [...attempt.outstanding] }),
        ...(attempt.refused === undefined ? {} : { refused: [...attempt.refused] }),
      })
      .where('id', '=', delivery.id)
      // Sent again by hand meanwhile: that one decides.
      .where('attempts', '=', delivery.attempts)
      .executeTakeFirst();
    if (nextAttemptAt !== null && numUpdatedRows > 0n)
      await queueAttempt(enqueuer, transaction, { delivery: delivery.id, runAt: nextAttemptAt });
  }

  /** Exponential, with half of it at random, so that receivers that come back are not asked by all at once. */
  #delayMs(attempts: number, { retryAfterSeconds = 0 }: Attempt): number {
    const grown = Math.min(firstDelayMs * delayGrowth ** (attempts - 1), delayMsMax);
    const own = grown * (0.5 + this.#options.random() / 2);
    return Math.min(Math.max(own, retryAfterSeconds * 1_000), delayMsMax);
  }
}

async function testMessage(db: Database, webhook: Webhook, now: Date): Promise<Message> {
  const row =
    webhook.namespaceId === undefined
      ? undefined
      : await db
          .selectFrom('namespace')
          .select('name')
          .where('id', '=', webhook.namespaceId)
          .executeTakeFirst();
  return {
    id: `test-${webhook.id}-${now.getTime()}`,
    kind: 'webhook.test',
    at: now.toISOString(),
    ...(row === undefined ? {} : { namespace: row.name }),
    subject: webhook.name,
    title: `This is a test of the ${webhook.format === 'email' ? 'mail target' : 'webhook'} ${webhook.name}`,
    findings: [],
    findingCount: 0,
    images: [],
    imageCount: 0,
    facts: {},
  };
}
