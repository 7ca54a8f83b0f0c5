import { randomBytes, randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { seal, unseal } from '../accounts/sealed-secrets.ts';
import type { Database } from '../database/database.ts';
import type { WebhookTable } from '../database/webhook-tables.ts';
import type { MailAddress } from './mail-address.ts';
import type {
  FindingFilter,
  RequestFormat,
  Webhook,
  WebhookFormat,
  WebhookKind,
  WebhookSecrets,
} from './webhook.ts';

/** In a namespace, or in the registry. */
export const webhooksMax = 50;

/** Where it sends; checked by the caller. */
export type WebhookDestination =
  | { readonly format: RequestFormat; readonly url: URL }
  | { readonly format: 'email'; readonly recipients: readonly MailAddress[] };

export type WebhookWanted = WebhookDestination & {
  /** Absent: of the whole registry. */
  readonly namespaceId?: number | undefined;
  readonly name: string;
  readonly kinds: readonly WebhookKind[];
  readonly filter: FindingFilter;
  readonly createdBy: string;
};

export interface OpenedWebhook {
  readonly webhook: Webhook;
  readonly secrets?: WebhookSecrets;
}

/** Which webhook, by the place that the caller may look in (threats.md A1). */
export interface WebhookPlace {
  readonly namespaceId: number | undefined;
  readonly id: number;
}

/** Format, URL and secret are for those that send requests, recipients for those that send mail; the caller knows which. */
export interface WebhookChange {
  readonly name?: string | undefined;
  readonly format?: RequestFormat | undefined;
  readonly url?: URL | undefined;
  readonly recipients?: readonly MailAddress[] | undefined;
  readonly kinds?: readonly WebhookKind[] | undefined;
  readonly filter?: FindingFilter | undefined;
  readonly enabled?: boolean | undefined;
  /** A new signing secret in the place of the old one. */
  readonly newSecret?: boolean | undefined;
}

/** Webhooks as rows; URL and signing secret are sealed with the installation's key and never read but to deliver. */
export class WebhookStore {
  readonly #key: Buffer;

  constructor(options: { readonly key: Buffer }) {
    this.#key = options.key;
  }

  /** Call it in a transaction. `secret` is shown this once, mail has none; `undefined`: there are too many already. */
  async create(
    db: Database,
    wanted: WebhookWanted,
  ): Promise<{ readonly webhook: Webhook; readonly secret?: string } | undefined> {
    const existing = await listWebhooks(db, wanted.namespaceId);
    if (existing.length >= webhooksMax) return undefined;
    const secrets = wanted.format === 'email' ? undefined : { url: wanted.url.href, secret: makeSecret() };
    const row = await db
      .insertInto('webhook')
      .values({
        namespace_id: wanted.namespaceId ?? null,
        name: wanted.name,
        format: wanted.format,
        recipients: wanted.format === 'email' ? [...wanted.recipients] : [],
        ...(secrets === undefined ? {} : this.#sealedColumns(randomUUID(), secrets)),
        kinds: [...wanted.kinds],
        ...filterColumns(wanted.filter),
        created_by: wanted.createdBy,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { webhook: asWebhook(row), ...(secrets === undefined ? {} : { secret: secrets.secret }) };
  }

  /** Undefined: there is none in that place. `secret` is a new one, shown this once. Call it in a transaction. */
  async change(
    db: Database,
    place: WebhookPlace,
    change: WebhookChange,
  ): Promise<{ readonly webhook: Webhook; readonly secret?: string } | undefined> {
    const row = await findRow(db, place);
    if (row === undefined) return undefined;
    const standing = this.#unseal(row);
    const secrets = standing && {
      url: change.url?.href ?? standing.url,
      secret: change.newSecret === true ? makeSecret() : standing.secret,
    };
    const changed = await db
      .updateTable('webhook')
      .set({
        name: change.name ?? row.name,
        format: change.format ?? row.format,
        kinds: [...(change.kinds ?? row.kinds)],
        enabled: change.enabled ?? row.enabled,
        recipients: [...(change.recipients ?? row.recipients)],
        ...(secrets === undefined ? {} : this.#sealedColumns(row.sealed_as ?? '', secrets)),
        ...(change.filter === undefined ? {} : filterColumns(change.filter)),
      })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const secret = change.newSecret === true ? secrets?.secret : undefined;
    return { webhook: asWebhook(changed), ...(secret === undefined ? {} : { secret }) };
  }

  /** For a delivery; undefined when the webhook has gone, no secrets for mail. Throws `SealedSecretError` when the key is another. */
  async open(db: Database, id: number): Promise<OpenedWebhook | undefined> {
    const row = await db.selectFrom('webhook').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) return undefined;
    const secrets = this.#unseal(row);
    return { webhook: asWebhook(row), ...(secrets === undefined ? {} : { secrets }) };
  }

  #sealedColumns(sealedAs: string, secrets: WebhookSecrets) {
    const text = Buffer.from(JSON.stringify(secrets));
    return {
      sealed_as: sealedAs,
      sealed: seal(text, { name: nameOf(sealedAs), key: this.#key }),
      origin: new URL(secrets.url).origin,
    };
  }

  #unseal({ sealed, sealed_as: sealedAs }: WebhookRow): WebhookSecrets | undefined {
    if (sealed === null || sealedAs === null) return undefined;
    const text = unseal(sealed, { name: nameOf(sealedAs), key: this.#key }).toString('utf8');
    return JSON.parse(text) as WebhookSecrets; // sealed by `#sealedColumns()`
  }
}

/** Those of a namespace, or of the registry, oldest first. */
export async function listWebhooks(
  db: Database,
  namespaceId: number | undefined,
): Promise<readonly Webhook[]> {
  const rows = await db
    .selectFrom('webhook')
    .selectAll()
    .where('namespace_id', namespaceId === undefined ? 'is' : '=', namespaceId ?? null)
    .orderBy('id')
    .execute();
  return rows.map(asWebhook);
}

/** Undefined: there is none in that place. */
export async function findWebhook(db: Database, place: WebhookPlace): Promise<Webhook | undefined> {
  const row = await findRow(db, place);
  return row === undefined ? undefined : asWebhook(row);
}

/** With its deliveries; returns it as it was, or undefined when there is none in that place. */
export async function deleteWebhook(db: Database, place: WebhookPlace): Promise<Webhook | undefined> {
  const webhook = await findWebhook(db, place);
  if (webhook !== undefined) await db.deleteFrom('webhook').where('id', '=', webhook.id).execute();
  return webhook;
}

type WebhookRow = Selectable<WebhookTable>;

async function findRow(db: Database, { namespaceId, id }: WebhookPlace): Promise<WebhookRow | undefined> {
  return await db
    .selectFrom('webhook')
    .selectAll()
    .where('id', '=', id)
    .where('namespace_id', namespaceId === undefined ? 'is' : '=', namespaceId ?? null)
    .executeTakeFirst();
}

function makeSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function nameOf(sealedAs: string): string {
  return `webhook:${sealedAs}`;
}

function filterColumns(filter: FindingFilter) {
  return {
    min_severity: filter.minSeverity ?? null,
    fixable_only: filter.fixableOnly,
    known_exploited_only: filter.knownExploitedOnly,
  };
}

/** The columns hold what the API checked. */
export function asWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    ...(row.namespace_id === null ? {} : { namespaceId: row.namespace_id }),
    name: row.name,
    format: row.format as WebhookFormat,
    ...(row.origin === null ? {} : { origin: row.origin }),
    recipients: row.recipients as MailAddress[],
    kinds: row.kinds as WebhookKind[],
    filter: {
      ...(row.min_severity === null ? {} : { minSeverity: row.min_severity as 'high' }),
      fixableOnly: row.fixable_only,
      knownExploitedOnly: row.known_exploited_only,
    },
    enabled: row.enabled,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
