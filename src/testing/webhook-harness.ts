import { randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { EgressClient } from '../egress/egress-client.ts';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import { Deliverer } from '../webhooks/deliverer.ts';
import { deliveryJobKind, fanOutJobKind } from '../webhooks/delivery-enqueuer.ts';
import { DeliveryPlaces, deliveriesMax } from '../webhooks/delivery-places.ts';
import { FanOut } from '../webhooks/fan-out.ts';
import { MailCarrier } from '../webhooks/mail-carrier.ts';
import type { MailServer } from '../webhooks/mail-server.ts';
import { RequestCarrier } from '../webhooks/request-carrier.ts';
import { WebhookStore } from '../webhooks/webhook-store.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** Webhooks with their jobs on a running queue, this machine opened to them, and every later attempt due at once. */
export interface WebhookHarness {
  readonly database: TemporaryDatabase;
  readonly queue: GraphileQueue;
  readonly store: WebhookStore;
  readonly deliverer: Deliverer;
  readonly fanOut: FanOut;
  /** What the queue told of. */
  readonly troubles: readonly string[];
  addNamespace(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function startWebhookHarness(mailServer?: MailServer): Promise<WebhookHarness> {
  const database = await createTemporaryDatabase();
  const { db } = database;
  const troubles: string[] = [];
  const queue = new GraphileQueue({ connection: database, onTrouble: (message) => troubles.push(message) });
  const store = new WebhookStore({ key: randomBytes(32) });
  // Attempts that are to come in hours are due at once.
  const now = () => new Date(Date.now() - 86_400_000);
  const externalUrl = 'https://registry.test';
  // Who never answers does not do so within any test.
  const egress = new EgressClient({ allow: ['127.0.0.1/32'], timeoutMs: 600_000 });
  const places = new DeliveryPlaces({ nowMs: () => performance.now() });
  const deliverer = new Deliverer({
    db,
    enqueuer: queue,
    requests: new RequestCarrier({ egress, now, externalUrl }),
    mails: new MailCarrier({ server: mailServer, externalUrl }),
    store,
    places,
    now,
    random: () => 0.5,
  });
  const fanOut = new FanOut({ db, enqueuer: queue });
  await queue.start({
    handlers: { [fanOutJobKind]: fanOut.run, [deliveryJobKind]: deliverer.run },
    concurrency: deliveriesMax,
    barred: () => places.barred(),
  });
  return {
    database,
    queue,
    store,
    deliverer,
    fanOut,
    troubles,
    addNamespace: (name) => addNamespace(db, name),
    close: async () => {
      await queue.stop();
      await database.drop();
    },
  };
}

async function addNamespace(db: Database, name: string): Promise<number> {
  const { id } = await db.insertInto('namespace').values({ name }).returning('id').executeTakeFirstOrThrow();
  return id;
}
