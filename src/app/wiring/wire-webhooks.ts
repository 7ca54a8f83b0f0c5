import type { WebhookParts } from '../../api/api-dependencies.ts';
import { EgressClient } from '../../egress/egress-client.ts';
import type { QueueStart } from '../../jobs/graphile-queue.ts';
import type { JobEnqueuer } from '../../jobs/queue.ts';
import { Deliverer } from '../../webhooks/deliverer.ts';
import { deliveryJobKind, fanOutJobKind, queueAttempt } from '../../webhooks/delivery-enqueuer.ts';
import { DeliveryPlaces, deliveriesMax } from '../../webhooks/delivery-places.ts';
import { FanOut } from '../../webhooks/fan-out.ts';
import { MailCarrier } from '../../webhooks/mail-carrier.ts';
import { MailServer } from '../../webhooks/mail-server.ts';
import { RequestCarrier } from '../../webhooks/request-carrier.ts';
import { WebhookStore } from '../../webhooks/webhook-store.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';

/** Notifications: what the API needs of them, and the jobs that make and send deliveries. */
export function wireWebhooks(
  installation: Installation,
  options: { readonly queue: JobEnqueuer; readonly externalUrl: string },
): { readonly parts: WebhookParts; readonly jobs: QueueStart } {
  const { config, secretKey, jobsConnection } = installation;
  const { queue, externalUrl } = options;
  const { db } = jobsConnection;
  const egress = new EgressClient({ allow: config.egressAllow });
  const store = new WebhookStore({ key: secretKey });
  const fanOut = new FanOut({ db, enqueuer: queue });
  const mailServer = config.mailServer === undefined ? undefined : new MailServer(config.mailServer);
  const requests = new RequestCarrier({ egress, now: systemClock, externalUrl });
  const mails = new MailCarrier({ server: mailServer, externalUrl });
  const places = new DeliveryPlaces({ nowMs: () => performance.now() });
  const sending = {
    db,
    enqueuer: queue,
    requests,
    mails,
    store,
    places,
    now: systemClock,
    random: Math.random,
  };
  const deliverer = new Deliverer(sending);
  return {
    parts: {
      store,
      checkUrl: (url) => egress.check(url),
      ...(mailServer && { mailRefusalOf: (address) => mailServer.refusalOf(address) }),
      test: (webhookId, signal) => deliverer.test(webhookId, signal),
      queueDelivery: (transaction, delivery) => queueAttempt(queue, transaction, { delivery }),
    },
    jobs: {
      handlers: { [fanOutJobKind]: fanOut.run, [deliveryJobKind]: deliverer.run },
      concurrency: deliveriesMax,
      barred: () => places.barred(),
    },
  };
}
