import Type, { type Static } from 'typebox';
import { recipientsMax, requestFormats, webhookFormats, webhookKinds } from '../../webhooks/webhook.ts';
import { closed, component, Id, Instant } from './component.ts';
import { pageQuery } from './page.ts';

const kinds = Type.Array(Type.Enum([...webhookKinds]), { minItems: 1, maxItems: 20, uniqueItems: true });
const name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });
const url = Type.String({ minLength: 1, maxLength: 2000, description: 'Where requests go; not for mail' });
const recipients = Type.Array(Type.String({ minLength: 3, maxLength: 254 }), {
  minItems: 1,
  maxItems: recipientsMax,
  description: 'Addresses that mail goes to; only for the format `email`',
});
const MinSeverity = Type.Union(
  [Type.Enum(['critical', 'high', 'medium', 'low', 'negligible']), Type.Null()],
  {
    description: 'Of events about findings only those with one at least so severe; null: any',
  },
);
const filter = { minSeverity: MinSeverity, fixableOnly: Type.Boolean(), knownExploitedOnly: Type.Boolean() };
const optionalFilter = {
  minSeverity: Type.Optional(MinSeverity),
  fixableOnly: Type.Optional(Type.Boolean()),
  knownExploitedOnly: Type.Optional(Type.Boolean()),
};

/** `origin` is scheme, host and port of the URL, whose rest is never shown: it may be a credential; null: it sends mail, to `recipients`. */
export const Webhook = component('Webhook', {
  id: Type.Integer(),
  namespace: Type.Union([Type.String(), Type.Null()]),
  name: Type.String(),
  format: Type.Enum([...webhookFormats]),
  origin: Type.Union([Type.String(), Type.Null()]),
  recipients: Type.Array(Type.String()),
  kinds,
  ...filter,
  enabled: Type.Boolean(),
  failedDeliveries: Type.Integer({ description: 'Given up, and not sent again yet' }),
  createdBy: Type.String(),
  createdAt: Instant,
});
export type Webhook = Static<typeof Webhook>;

export const WebhookCreate = component('WebhookCreate', {
  name,
  format: Type.Enum([...webhookFormats]),
  url: Type.Optional(url),
  recipients: Type.Optional(recipients),
  kinds,
  ...optionalFilter,
});
export type WebhookCreate = Static<typeof WebhookCreate>;

/** `newSecret: true` replaces the signing secret at once. What sends requests does not become mail, nor the other way round. */
export const WebhookChange = component('WebhookChange', {
  name: Type.Optional(name),
  format: Type.Optional(Type.Enum([...requestFormats])),
  url: Type.Optional(url),
  recipients: Type.Optional(recipients),
  kinds: Type.Optional(kinds),
  ...optionalFilter,
  enabled: Type.Optional(Type.Boolean()),
  newSecret: Type.Optional(Type.Literal(true)),
});
export type WebhookChange = Static<typeof WebhookChange>;

/** `secret` signs deliveries, and is shown this once; null: it is the old one, or it is mail, which has none. */
export const WebhookSaved = component('WebhookSaved', {
  webhook: Webhook,
  secret: Type.Union([Type.String(), Type.Null()]),
});
export type WebhookSaved = Static<typeof WebhookSaved>;

/**
 * One event on its way to a webhook. `failed` was given up and waits until it is sent again; `error` is why the last
 * attempt did not succeed, and never holds anything of the receiver's answer.
 */
export const WebhookDelivery = component('WebhookDelivery', {
  id: Type.Integer(),
  kind: Type.String(),
  eventId: Type.String({
    description: 'The same in every attempt: receivers tell repeated deliveries by it',
  }),
  title: Type.String(),
  subject: Type.String(),
  state: Type.Enum(['waiting', 'delivered', 'failed']),
  attempts: Type.Integer(),
  status: Type.Union([Type.Integer(), Type.Null()], {
    description: 'HTTP status of the last attempt, or code of the last reply of the mail server',
  }),
  error: Type.Union([Type.String(), Type.Null()]),
  createdAt: Instant,
  nextAttemptAt: Type.Union([Instant, Type.Null()]),
  finishedAt: Type.Union([Instant, Type.Null()]),
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

export const DeliveryQuery = closed({
  ...pageQuery,
  state: Type.Optional(Type.Enum(['waiting', 'delivered', 'failed'])),
});
export type DeliveryQuery = Static<typeof DeliveryQuery>;

const namespace = Type.String({ maxLength: 255 });
export const WebhookParams = closed({ namespace, id: Id });
export const WebhookDeliveryParams = closed({ namespace, id: Id, delivery: Id });
export const RegistryWebhookParams = closed({ id: Id });
export const RegistryWebhookDeliveryParams = closed({ id: Id, delivery: Id });
