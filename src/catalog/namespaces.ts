import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { NamespaceName } from '../oci/names.ts';
import { countOwnBytes } from './freed-bytes.ts';

/** A namespace: it carries rights and policy for every repository in it. `policy` is the stored JSON; policy/ parses it. */
export interface Namespace {
  readonly id: number;
  readonly name: NamespaceName;
  readonly isPublic: boolean;
  readonly autoScan: boolean;
  readonly policy: unknown;
  readonly createdAt: Date;
  /** Most that it may hold (catalog/quota.ts); absent: no limit. */
  readonly quotaBytes?: number;
  /** Its order of severity sources as `severityOrderKey()` writes it; absent: the default order. */
  readonly severityOrder?: string;
}

export type CreateNamespaceResult =
  | { readonly kind: 'created'; readonly namespace: Namespace }
  | { readonly kind: 'exists' };

/** Creates an empty namespace; the name is free again only after the old one is deleted. */
export async function createNamespace(
  db: Database,
  settings: {
    readonly name: NamespaceName;
    readonly isPublic?: boolean;
    readonly autoScan?: boolean;
    readonly policy?: unknown;
    readonly quotaBytes?: number;
    readonly severityOrder?: string;
  },
): Promise<CreateNamespaceResult> {
  const row = await db
    .insertInto('namespace')
    .values({
      name: settings.name,
      ...(settings.isPublic === undefined ? {} : { is_public: settings.isPublic }),
      ...(settings.autoScan === undefined ? {} : { auto_scan: settings.autoScan }),
      ...(settings.policy === undefined ? {} : { policy: JSON.stringify(settings.policy) }),
      ...(settings.quotaBytes === undefined ? {} : { quota_bytes: settings.quotaBytes }),
      // It holds no image yet, so its lists follow at once.
      ...(settings.severityOrder === undefined
        ? {}
        : { severity_order: settings.severityOrder, listed_severity_order: settings.severityOrder }),
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? { kind: 'exists' } : { kind: 'created', namespace: asNamespace(row) };
}

/** Undefined when there is none of that name. */
export async function findNamespace(db: Database, name: NamespaceName): Promise<Namespace | undefined> {
  const row = await db.selectFrom('namespace').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : asNamespace(row);
}

export async function readNamespace(db: Database, id: number): Promise<Namespace | undefined> {
  const row = await db.selectFrom('namespace').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : asNamespace(row);
}

export interface NamespaceFilter {
  /** Only public ones and those this account is a member of; `all` for system admins. */
  readonly visibleTo: 'all' | { readonly accountId: number | undefined };
  /** A part of the name. */
  readonly query?: string;
  /** Names after this one, in byte order. */
  readonly after?: string;
  readonly limit: number;
}

/** Namespaces in byte order of their names; `total` counts all that match, not only this page. */
export async function listNamespaces(
  db: Database,
  filter: NamespaceFilter,
): Promise<{ readonly items: readonly Namespace[]; readonly total: number }> {
  let matching = db.selectFrom('namespace');
  if (filter.visibleTo !== 'all') {
    const accountId = filter.visibleTo.accountId ?? null;
    matching = matching.where((eb) =>
      eb.or([
        eb('is_public', '=', true),
        eb.exists(
          eb
            .selectFrom('namespace_standing')
            .select(sql`1`.as('one'))
            .whereRef('namespace_standing.namespace_id', '=', 'namespace.id')
            .where('namespace_standing.account_id', '=', accountId),
        ),
      ]),
    );
  }
  if (filter.query !== undefined) {
    const query = filter.query;
    matching = matching.where(sql<boolean>`strpos(namespace.name, ${query}) > 0`);
  }
  const { total } = await matching
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const page = filter.after === undefined ? matching : matching.where('name', '>', filter.after);
  const rows = await page.selectAll().orderBy('name').limit(filter.limit).execute();
  return { items: rows.map(asNamespace), total };
}

/** Changes what is given and returns the namespace as it is then; undefined when it is gone. */
export async function updateNamespace(
  db: Database,
  id: number,
  changes: {
    readonly isPublic?: boolean;
    readonly autoScan?: boolean;
    readonly policy?: unknown;
    /** Null: no limit. */
    readonly quotaBytes?: number | null;
    /** Null: the default order. */
    readonly severityOrder?: string | null;
  },
): Promise<Namespace | undefined> {
  const values = {
    ...(changes.isPublic === undefined ? {} : { is_public: changes.isPublic }),
    ...(changes.autoScan === undefined ? {} : { auto_scan: changes.autoScan }),
    ...(changes.policy === undefined ? {} : { policy: JSON.stringify(changes.policy) }),
    ...(changes.quotaBytes === undefined ? {} : { quota_bytes: changes.quotaBytes }),
    ...(changes.severityOrder === undefined ? {} : { severity_order: changes.severityOrder }),
  };
  if (Object.keys(values).length === 0) return readNamespace(db, id);
  const row = await db
    .updateTable('namespace')
    .set(values)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asNamespace(row);
}

export type DeleteNamespaceResult =
  | { readonly kind: 'deleted' /** As of `DeleteResult`. */; readonly freedBytes: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-empty'; readonly imageCount: number };

/**
 * Deletes a namespace with its repositories, rules and members. One that still holds images is kept unless `force`:
 * deleting and recreating it would be a way round tag immutability (threats.md I9).
 */
export async function deleteNamespace(
  db: Database,
  id: number,
  options: {
    readonly force?: boolean;
    /** Done in the transaction that deletes it. */
    readonly onDeleted?: (transaction: Database, freedBytes: number) => Promise<void>;
  } = {},
): Promise<DeleteNamespaceResult> {
  return await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('namespace')
      .select('id')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return { kind: 'not-found' };
    const { imageCount } = await transaction
      .selectFrom('repository_manifest')
      .innerJoin('repository', 'repository.id', 'repository_manifest.repository_id')
      .where('repository.namespace_id', '=', id)
      .select((eb) => eb.fn.countAll<number>().as('imageCount'))
      .executeTakeFirstOrThrow();
    if (imageCount > 0 && options.force !== true) return { kind: 'not-empty', imageCount };
    const freedBytes = await countOwnBytes(transaction, { namespaceId: id });
    await transaction.deleteFrom('namespace').where('id', '=', id).execute();
    await options.onDeleted?.(transaction, freedBytes);
    return { kind: 'deleted', freedBytes };
  });
}

function asNamespace(row: {
  readonly id: number;
  readonly name: string;
  readonly is_public: boolean;
  readonly auto_scan: boolean;
  readonly policy: unknown;
  readonly created_at: Date;
  readonly quota_bytes: number | null;
  readonly severity_order: string | null;
}): Namespace {
  return {
    id: row.id,
    name: row.name as NamespaceName, // only parsed names are written
    isPublic: row.is_public,
    autoScan: row.auto_scan,
    policy: row.policy,
    createdAt: row.created_at,
    ...(row.quota_bytes === null ? {} : { quotaBytes: row.quota_bytes }),
    ...(row.severity_order === null ? {} : { severityOrder: row.severity_order }),
  };
}
