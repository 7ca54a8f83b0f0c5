import type { FastifyRequest } from 'fastify';
import { countFailed, type Delivery, listDeliveries, reviveDelivery } from '../webhooks/delivery-store.ts';
import type { FindingFilter, Webhook } from '../webhooks/webhook.ts';
import { deleteWebhook, findWebhook, listWebhooks, webhooksMax } from '../webhooks/webhook-store.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { NamespaceScope } from './authorize.ts';
import type { Caller } from './caller.ts';
import type {
  DeliveryQuery,
  Webhook as ShownWebhook,
  WebhookChange,
  WebhookCreate,
  WebhookDelivery,
  WebhookSaved,
} from './contract/webhook.ts';
import { decodeCursor } from './cursor.ts';
import { conflict, notFound } from './errors.ts';
import { limitOf, type Page, type PageRequest, pageFromRows, pageOf } from './page-of.ts';
import { recordChange } from './record-change.ts';
import { checkedDestination, checkedRecipients, checkedUrl, refuseOtherSort } from './webhook-destination.ts';

type Dependencies = Pick<ApiDependencies, 'db' | 'webhooks'>;

type WebhookSettings = Omit<ShownWebhook, 'failedDeliveries'>;

/** Who calls, and where: without a namespace it is about the registry's. */
export interface WebhookCall {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly namespace: NamespaceScope | undefined;
}

export async function pageOfWebhooks(
  { db }: Dependencies,
  { namespace }: WebhookCall,
  request: PageRequest,
): Promise<Page<ShownWebhook>> {
  const items = await listWebhooks(db, namespace?.id);
  const failed = await countFailed(
    db,
    items.map(({ id }) => id),
  );
  const show = (webhook: Webhook) => ({
    ...settingsOf(webhook, namespace),
    failedDeliveries: failed.get(webhook.id) ?? 0,
  });
  return pageOf({ list: 'webhooks', items, request, keyOf: ({ id }) => String(id), show });
}

export async function addWebhook(
  { db, webhooks }: Dependencies,
  call: WebhookCall,
  body: WebhookCreate,
): Promise<WebhookSaved> {
  const wanted = {
    namespaceId: call.namespace?.id,
    name: body.name,
    ...checkedDestination(webhooks, body),
    kinds: body.kinds,
    filter: filterOf({ fixableOnly: false, knownExploitedOnly: false }, body),
    createdBy: call.caller.principal.name,
  };
  return await db.transaction().execute(async (transaction) => {
    const made = await webhooks.store.create(transaction, wanted);
    if (made === undefined)
      throw conflict(`Cannot add a webhook: there may be ${webhooksMax} of them; delete one first`);
    const shown = settingsOf(made.webhook, call.namespace);
    await recordChange(transaction, call, webhookChange('created', shown));
    return { webhook: { ...shown, failedDeliveries: 0 }, secret: made.secret ?? null };
  });
}

export async function alterWebhook(
  { db, webhooks }: Dependencies,
  call: WebhookCall,
  { id, body }: { readonly id: number; readonly body: WebhookChange },
): Promise<WebhookSaved> {
  const url = body.url === undefined ? undefined : checkedUrl(webhooks, body.url);
  const recipients = body.recipients === undefined ? undefined : checkedRecipients(webhooks, body.recipients);
  return await db.transaction().execute(async (transaction) => {
    const place = placeOf(call, id);
    const standing = await findWebhook(transaction, place);
    if (standing === undefined) throw unknownWebhook('change', id, call);
    refuseOtherSort(standing.format, body);
    const changed = await webhooks.store.change(transaction, place, {
      name: body.name,
      format: body.format,
      url,
      recipients,
      kinds: body.kinds,
      filter: filterOf(standing.filter, body),
      enabled: body.enabled,
      newSecret: body.newSecret,
    });
    if (changed === undefined) throw unknownWebhook('change', id, call);
    const shown = settingsOf(changed.webhook, call.namespace);
    const secrets = { newUrl: url !== undefined, newSecret: changed.secret !== undefined };
    await recordChange(transaction, call, webhookChange('changed', shown, secrets));
    const failedDeliveries = (await countFailed(transaction, [id])).get(id) ?? 0;
    return { webhook: { ...shown, failedDeliveries }, secret: changed.secret ?? null };
  });
}

export async function dropWebhook({ db }: Dependencies, call: WebhookCall, id: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const deleted = await deleteWebhook(transaction, placeOf(call, id));
    if (deleted === undefined) throw unknownWebhook('delete', id, call);
    await recordChange(transaction, call, webhookChange('deleted', settingsOf(deleted, call.namespace)));
  });
}

export async function tryWebhook(
  { db, webhooks }: Dependencies,
  call: WebhookCall,
  { id, signal }: { readonly id: number; readonly signal: AbortSignal },
): Promise<WebhookDelivery> {
  const webhook = await findWebhook(db, placeOf(call, id));
  if (webhook === undefined) throw unknownWebhook('test', id, call);
  await recordChange(db, call, webhookChange('tested', settingsOf(webhook, call.namespace)));
  const delivery = await webhooks.test(webhook.id, signal);
  if (delivery === undefined) throw unknownWebhook('test', id, call);
  return showDelivery(delivery);
}

export async function pageOfDeliveries(
  { db }: Dependencies,
  call: WebhookCall,
  { id, query }: { readonly id: number; readonly query: DeliveryQuery },
): Promise<Page<WebhookDelivery>> {
  const webhook = await findWebhook(db, placeOf(call, id));
  if (webhook === undefined) throw unknownWebhook('list the deliveries of', id, call);
  const limit = limitOf(query);
  const list = `deliveries-${webhook.id}-${query.state ?? ''}`;
  const before = decodeCursor(query.cursor, list, ['number'])?.[0];
  const { items, total } = await listDeliveries(db, {
    webhookId: webhook.id,
    state: query.state,
    ...(before === undefined ? {} : { before: Number(before) }),
    limit: limit + 1,
  });
  return pageFromRows({ list, rows: items, limit, total, keyOf: (one) => [one.id], show: showDelivery });
}

export async function sendAgain(
  { db, webhooks }: Dependencies,
  call: WebhookCall,
  { id, delivery }: { readonly id: number; readonly delivery: number },
): Promise<WebhookDelivery> {
  return await db.transaction().execute(async (transaction) => {
    const webhook = await findWebhook(transaction, placeOf(call, id));
    if (webhook === undefined) throw unknownWebhook('use', id, call);
    const revived = await reviveDelivery(transaction, { webhookId: webhook.id, id: delivery });
    if (revived === undefined)
      throw notFound(`Cannot send delivery ${delivery} again: webhook ${id} has none of that id`);
    await webhooks.queueDelivery(transaction, revived.id);
    const shown = settingsOf(webhook, call.namespace);
    await recordChange(transaction, call, webhookChange('redelivered', shown, { delivery }));
    return showDelivery(revived);
  });
}

function placeOf({ namespace }: WebhookCall, id: number) {
  return { namespaceId: namespace?.id, id };
}

function filterOf(
  standing: FindingFilter,
  body: Pick<WebhookChange, 'minSeverity' | 'fixableOnly' | 'knownExploitedOnly'>,
): FindingFilter {
  const minSeverity = body.minSeverity === undefined ? standing.minSeverity : (body.minSeverity ?? undefined);
  return {
    ...(minSeverity === undefined ? {} : { minSeverity }),
    fixableOnly: body.fixableOnly ?? standing.fixableOnly,
    knownExploitedOnly: body.knownExploitedOnly ?? standing.knownExploitedOnly,
  };
}

/** What is shown of a webhook, and noted in the audit log when it changes. */
function settingsOf(webhook: Webhook, namespace: NamespaceScope | undefined): WebhookSettings {
  const { id, name, format, origin, recipients, kinds, filter, enabled, createdBy, createdAt } = webhook;
  return {
    id,
    namespace: namespace?.name ?? null,
    name,
    format,
    origin: origin ?? null,
    recipients: [...recipients],
    kinds: [...kinds],
    minSeverity: filter.minSeverity ?? null,
    fixableOnly: filter.fixableOnly,
    knownExploitedOnly: filter.knownExploitedOnly,
    enabled,
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

function showDelivery(delivery: Delivery): WebhookDelivery {
  const { id, kind, message, state, attempts, lastStatus, lastError, createdAt } = delivery;
  return {
    id,
    kind,
    eventId: message.id,
    title: message.title,
    subject: message.subject,
    state,
    attempts,
    status: lastStatus ?? null,
    error: lastError ?? null,
    createdAt: createdAt.toISOString(),
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    finishedAt: delivery.finishedAt?.toISOString() ?? null,
  };
}

function webhookChange(action: string, webhook: WebhookSettings, more: object = {}) {
  return { kind: `webhook.${action}`, subject: String(webhook.id), details: { ...webhook, ...more } };
}

function unknownWebhook(action: string, id: number, { namespace }: WebhookCall) {
  const place = namespace === undefined ? 'the registry' : `"${namespace.name}"`;
  return notFound(`Cannot ${action} webhook ${id}: ${place} has none of that id`);
}
