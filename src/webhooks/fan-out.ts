import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { type DeliveryEnqueuer, queueAttempt } from './delivery-enqueuer.ts';
import { createDelivery, forgetOldDeliveries } from './delivery-store.ts';
import { dedupeKeyOf, messageOf, type NotedEvent } from './event-message.ts';
import { asWebhook } from './webhook-store.ts';

/** Makes of one event the deliveries to those webhooks that ask for it. */
export class FanOut {
  readonly #db: Database;
  readonly #enqueuer: DeliveryEnqueuer;

  constructor(options: { readonly db: Database; readonly enqueuer: DeliveryEnqueuer }) {
    this.#db = options.db;
    this.#enqueuer = options.enqueuer;
  }

  /** The handler of `fanOutJobKind`; a second run for the same event adds nothing. */
  readonly run = async (payload: Readonly<Record<string, unknown>>): Promise<void> => {
    const eventId = Number(payload['event']);
    await this.#db.transaction().execute(async (transaction) => {
      const event = await readEvent(transaction, eventId);
      if (event !== undefined) await this.#deliver(transaction, event);
    });
  };

  async #deliver(transaction: Transaction<Tables>, { namespaceId, ...event }: ReadEvent): Promise<void> {
    const rows = await transaction
      .selectFrom('webhook')
      .selectAll()
      .where('enabled', '=', true)
      .where(sql<boolean>`${event.kind} = any(kinds)`)
      .where((eb) =>
        eb.or([
          eb('namespace_id', 'is', null),
          ...(namespaceId === null ? [] : [eb('namespace_id', '=', namespaceId)]),
        ]),
      )
      // In order, and one event after the other for each webhook, so that "one in an hour" holds.
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    for (const webhook of rows.map(asWebhook)) {
      const message = messageOf(event, webhook.filter);
      if (message === undefined) continue;
      const delivery = await createDelivery(transaction, {
        webhookId: webhook.id,
        eventId: event.id,
        message,
        dedupeKey: dedupeKeyOf(event),
      });
      if (delivery === undefined) continue;
      await queueAttempt(this.#enqueuer, transaction, { delivery });
      await forgetOldDeliveries(transaction, webhook.id);
    }
  }
}

type ReadEvent = NotedEvent & { readonly namespaceId: number | null };

async function readEvent(db: Database, id: number): Promise<ReadEvent | undefined> {
  const row = await db
    .selectFrom('event')
    .leftJoin('namespace', 'namespace.id', 'event.namespace_id')
    .selectAll('event')
    .select('namespace.name as namespace')
    .where('event.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    at: row.at,
    kind: row.kind as NotedEvent['kind'], // the trigger queues no other
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
    namespaceId: row.namespace_id,
    actor: row.actor,
    ...(row.client === null ? {} : { client: row.client }),
    subject: row.subject,
    details: row.details as Readonly<Record<string, unknown>>, // events are written with an object
  };
}
