import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { flagsOf, type PlaceWanted } from './delivery-places.ts';

/** Adds a job in the caller's transaction; a waiting one with the same key is replaced. */
export interface DeliveryEnqueuer {
  enqueue(
    transaction: Transaction<Tables>,
    kind: string,
    payload: Readonly<Record<string, unknown>>,
    options?: {
      readonly key?: string;
      readonly priority?: number;
      readonly attemptsMax?: number;
      readonly runAt?: Date;
      readonly flags?: readonly string[];
    },
  ): Promise<void>;
}

/** The job kind of `Deliverer.run`; its payload is `{ delivery }`. */
export const deliveryJobKind = 'webhook-delivery';

/** The job kind of `FanOut.run`, which the trigger `event_webhooks` queues; its payload is `{ event }`. */
export const fanOutJobKind = 'webhook-event';

/** Of the job, when the database or the server fails; attempts at the receiver are counted in the delivery. */
const jobAttemptsMax = 12;
/** Lower is sent first; what is repeated is behind all that is new. */
const priorityMax = 100;

/**
 * Queues the next attempt of a delivery in the transaction that decides on it. The more deliveries wait for the same
 * webhook, the later its turn is, so that a receiver that is slow or away does not keep others waiting.
 */
export async function queueAttempt(
  enqueuer: DeliveryEnqueuer,
  transaction: Transaction<Tables>,
  attempt: { readonly delivery: number; readonly runAt?: Date },
): Promise<void> {
  const { delivery, runAt } = attempt;
  const webhook = await webhookOf(transaction, delivery);
  const { othersWaiting = 0 } = webhook ?? {};
  await enqueuer.enqueue(
    transaction,
    deliveryJobKind,
    { delivery },
    {
      key: `${deliveryJobKind}:${delivery}`,
      attemptsMax: jobAttemptsMax,
      priority: runAt === undefined ? othersWaiting : priorityMax,
      ...(webhook === undefined ? {} : { flags: flagsOf(webhook) }),
      ...(runAt === undefined ? {} : { runAt }),
    },
  );
}

/** `othersWaiting`: deliveries for the same webhook, counted up to `priorityMax`. */
async function webhookOf(
  transaction: Transaction<Tables>,
  delivery: number,
): Promise<(PlaceWanted & { readonly othersWaiting: number }) | undefined> {
  const { rows } = await sql<{ webhook_id: number; namespace_id: number | null; waiting: number }>`
    select w.id as webhook_id, w.namespace_id, (
      select count(*) from (
        select from webhook_delivery d where d.webhook_id = w.id and d.state = 'waiting' and d.id <> own.id
        limit ${priorityMax}) others) as waiting
    from webhook_delivery own join webhook w on w.id = own.webhook_id
    where own.id = ${delivery}`.execute(transaction);
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    namespaceId: row.namespace_id ?? undefined,
    othersWaiting: row.waiting,
  }))[0];
}
