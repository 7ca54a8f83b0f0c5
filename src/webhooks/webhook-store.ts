import { randomBytes, randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { seal, unseal } from '../accounts/sealed-secrets.ts';
import type { Database } from '../database/database.ts';
import type { WebhookTable } from '../database/webhook-tables.ts';
import type { FindingFilter, Webhook, WebhookFormat, WebhookKind, WebhookSecrets } from './webhook.ts';

/** In a namespace, or in the registry. */
export const webhooksMax = 50;

export interface WebhookWanted {
  /** Absent: of the whole registry. */
  readonly namespaceId?: number | undefined;
  readonly name: string;
  readonly format: WebhookFormat;
  /** Checked by the caller. */
  readonly url: URL;
  readonly kinds: readonly WebhookKind[];
  readonly filter: FindingFilter;
  readonly createdBy: string;
}

/** Which webhook, by the place that the caller may look in (threats.md A1). */
export interface WebhookPlace {
  readonly namespaceId: number | undefined;
  readonly id: number;
}

export interface WebhookChange {
  readonly name?: string | undefined;
  readonly url?: URL | undefined;
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

  /** Call it in a transaction. `secret` is shown this once; `undefined`: there are too many already. */
  async create(
    db: Database,
    wanted: WebhookWanted,
  ): Promise<{ readonly webhook: Webhook; readonly secret: string } | undefined> {
    const existing = await listWebhooks(db, wanted.namespaceId);
    if (existing.length >= webhooksMax) return undefined;
    const sealedAs = randomUUID();
    const secret = makeSecret();
    const row = await db
      .insertInto('webhook')
      .values({
        namespace_id: wanted.namespaceId ?? null,
        name: wanted.name,
        format: wanted.format,
        sealed_as: sealedAs,
        sealed: this.#seal(sealedAs, { url: wanted.url.href, secret }),
        origin: wanted.url.origin,
        kinds: [...wanted.kinds],
        ...filterColumns(wanted.filter),
        created_by: wanted.createdBy,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { webhook: asWebhook(row), secret };
  }

  /** Undefined: there is none in that place. `secret` is a new one, shown this once. Call it in a transaction. */
  async change(
    db: Database,
    place: WebhookPlace,
    change: WebhookChange,
  ): Promise<{ readonly webhook: Webhook; readonly secret?: string } | undefined> {
    const row = await findRow(db, place);
    if (row === undefined) return undefined;
    const secrets = this.#unseal(row);
    const secret = change.newSecret === true ? makeSecret() : undefined;
    const changed = await db
      .updateTable('webhook')
      .set({
        name: change.name ?? row.name,
        kinds: [...(change.kinds ?? row.kinds)],
        enabled: change.enabled ?? row.enabled,
        origin: change.url?.origin ?? row.origin,
        sealed: this.#seal(row.sealed_as, {
          url: change.url?.href ?? secrets.url,
          secret: secret ?? secrets.secret,
        }),
        ...(change.filter === undefined ? {} : filterColumns(change.filter)),
      })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return { webhook: asWebhook(changed), ...(secret === undefined ? {} : { secret }) };
  }

  /** For a delivery; undefined when the webhook has gone. Throws `SealedSecretError` when the key is another. */
  async open(
    db: Database,
    id: number,
  ): Promise<{ readonly webhook: Webhook; readonly secrets: WebhookSecrets } | undefined> {
    const row = await db.selectFrom('webhook').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : { webhook: asWebhook(row), secrets: this.#unseal(row) };
  }

  #seal(sealedAs: string, secrets: WebhookSecrets): Buffer {
    return seal(Buffer.from(JSON.stringify(secrets)), { name: nameOf(sealedAs), key: this.#key });
  }

  #unseal(row: WebhookRow): WebhookSecrets {
    const text = unseal(row.sealed, { name: nameOf(row.sealed_as), key: this.#key }).toString('utf8');
    return JSON.parse(text) as WebhookSecrets; // sealed by `#seal()`
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
    origin: row.origin,
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
