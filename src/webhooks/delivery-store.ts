import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { WebhookDeliveryTable } from '../database/webhook-tables.ts';
import type { Message } from './message.ts';

/** One event on its way to one webhook. `failed`: given up, a dead letter until somebody sends it again. */
export interface Delivery {
  readonly id: number;
  readonly webhookId: number;
  readonly kind: string;
  readonly message: Message;
  readonly state: 'waiting' | 'delivered' | 'failed';
  /** Made so far. */
  readonly attempts: number;
  readonly createdAt: Date;
  /** Absent: none is to come. */
  readonly nextAttemptAt?: Date;
  readonly finishedAt?: Date;
  /** HTTP status of the last attempt, or code of the last SMTP reply; absent when no answer came. */
  readonly lastStatus?: number;
  /** Why the last attempt did not succeed; nothing of the receiver's answer is in it. */
  readonly lastError?: string;
  /** Of a mail: who has not got it yet; absent: nobody has. */
  readonly outstanding?: readonly string[];
  /** Whom the mail server refused for good. */
  readonly refused: readonly string[];
}

/** Finished deliveries of a webhook are kept up to this number. */
export const deliveriesKept = 200;

/** Newest first; `before` is the id of the last one seen. */
export async function listDeliveries(
  db: Database,
  wanted: {
    readonly webhookId: number;
    readonly state?: string | undefined;
    readonly before?: number;
    readonly limit: number;
  },
): Promise<{ readonly items: readonly Delivery[]; readonly total: number }> {
  let matching = db.selectFrom('webhook_delivery').where('webhook_id', '=', wanted.webhookId);
  if (wanted.state !== undefined) matching = matching.where('state', '=', wanted.state);
  const { total } = await matching
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const page = wanted.before === undefined ? matching : matching.where('id', '<', wanted.before);
  const rows = await page.selectAll().orderBy('id', 'desc').limit(wanted.limit).execute();
  return { items: rows.map(asDelivery), total };
}

/** How many deliveries of each webhook were given up and not sent again; one without any is not in it. */
export async function countFailed(
  db: Database,
  webhookIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .selectFrom('webhook_delivery')
    .select((eb) => ['webhook_id', eb.fn.countAll<number>().as('count')])
    .where('webhook_id', '=', sql<number>`any(${webhookIds}::bigint[])`)
    .where('state', '=', 'failed')
    .groupBy('webhook_id')
    .execute();
  return new Map(rows.map((row) => [row.webhook_id, row.count]));
}

export async function readDelivery(db: Database, id: number): Promise<Delivery | undefined> {
  const row = await db.selectFrom('webhook_delivery').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : asDelivery(row);
}

/**
 * Makes the delivery of an event. Undefined: it was made before, or another with the same key was in the last hour.
 * Call it while the webhook's row is locked, so that the hour holds.
 */
export async function createDelivery(
  db: Database,
  wanted: {
    readonly webhookId: number;
    /** Absent: a test. */
    readonly eventId?: number;
    readonly message: Message;
    readonly dedupeKey?: string | undefined;
  },
): Promise<number | undefined> {
  const { webhookId, eventId, message, dedupeKey } = wanted;
  const { rows } = await sql<{ id: number }>`
    insert into webhook_delivery (webhook_id, event_id, kind, message, dedupe_key, state, next_attempt_at)
    select ${webhookId}::bigint, ${eventId ?? null}::bigint, ${message.kind}, ${JSON.stringify(message)}::jsonb,
      ${dedupeKey ?? null}::text, 'waiting', now()
    where not exists (
      select from webhook_delivery d where d.webhook_id = ${webhookId}::bigint and d.dedupe_key = ${dedupeKey ?? null}::text
        and d.created_at > now() - interval '1 hour')
    on conflict (webhook_id, event_id) do nothing
    returning id`.execute(db);
  return rows[0]?.id;
}

/** Deletes the oldest finished ones above `deliveriesKept`. */
export async function forgetOldDeliveries(db: Database, webhookId: number): Promise<void> {
  await sql`
    delete from webhook_delivery where webhook_id = ${webhookId}::bigint and state <> 'waiting' and id <= (
      select id from webhook_delivery where webhook_id = ${webhookId}::bigint order by id desc
      offset ${deliveriesKept} limit 1)`.execute(db);
}

/** Makes it wait for an attempt as if it were new; undefined when the webhook has none of that id. */
export async function reviveDelivery(
  db: Database,
  where: { readonly webhookId: number; readonly id: number },
): Promise<Delivery | undefined> {
  const row = await db
    .updateTable('webhook_delivery')
    .set({
      state: 'waiting',
      attempts: 0,
      next_attempt_at: sql<Date>`now()`,
      finished_at: null,
      // To those that have not got it; to all when it has reached everybody.
      outstanding: sql`nullif(outstanding || refused, '{}')`,
      refused: [],
    })
    .where('id', '=', where.id)
    .where('webhook_id', '=', where.webhookId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asDelivery(row);
}

function asDelivery(row: Selectable<WebhookDeliveryTable>): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    kind: row.kind,
    message: row.message as Message, // written by `createDelivery()`
    state: row.state as Delivery['state'], // the column's check constraint
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.next_attempt_at === null ? {} : { nextAttemptAt: row.next_attempt_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.last_status === null ? {} : { lastStatus: row.last_status }),
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
    ...(row.outstanding === null ? {} : { outstanding: row.outstanding }),
    refused: row.refused,
  };
}
