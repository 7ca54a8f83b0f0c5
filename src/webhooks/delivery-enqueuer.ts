import type { Transaction } from 'kysely';
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
/** Behind what is new: a receiver that is away must not keep others waiting. */
const repeatPriority = 5;

/** Queues the next attempt of a delivery in the transaction that decides on it. */
export async function queueAttempt(
  enqueuer: DeliveryEnqueuer,
  transaction: Transaction<Tables>,
  attempt: { readonly delivery: number; readonly runAt?: Date },
): Promise<void> {
  const { delivery, runAt } = attempt;
  await enqueuer.enqueue(
    transaction,
    deliveryJobKind,
    { delivery },
    {
      key: `${deliveryJobKind}:${delivery}`,
      attemptsMax: jobAttemptsMax,
      ...(runAt === undefined ? {} : { runAt, priority: repeatPriority }),
    },
  );
}
