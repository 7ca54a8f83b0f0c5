import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';

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
  const priority = runAt === undefined ? await othersWaiting(transaction, delivery) : priorityMax;
  await enqueuer.enqueue(
    transaction,
    deliveryJobKind,
    { delivery },
    {
      key: `${deliveryJobKind}:${delivery}`,
      attemptsMax: jobAttemptsMax,
      priority,
      ...(runAt === undefined ? {} : { runAt }),
    },
  );
}

/** For the same webhook, counted up to `priorityMax`. */
async function othersWaiting(transaction: Transaction<Tables>, delivery: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from webhook_delivery d join webhook_delivery own on own.id = ${delivery}
      where d.webhook_id = own.webhook_id and d.state = 'waiting' and d.id <> own.id
      limit ${priorityMax}) waiting`.execute(transaction);
  return rows[0]?.count ?? 0;
}
