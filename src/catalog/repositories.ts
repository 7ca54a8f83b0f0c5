import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespaceName, RepositoryName } from '../oci/names.ts';

/** A repository with its namespace, by ids: a namespace that is deleted and made again is another one. */
export interface CatalogRepository {
  readonly namespaceId: number;
  readonly namespace: NamespaceName;
  readonly repositoryId: number;
  readonly repository: RepositoryName;
}

/** Undefined when the namespace or the repository does not exist. */
export async function findRepository(
  db: Database,
  name: { readonly namespace: NamespaceName; readonly repository: RepositoryName },
): Promise<CatalogRepository | undefined> {
  const row = await db
    .selectFrom('repository')
    .innerJoin('namespace', 'namespace.id', 'repository.namespace_id')
    .where('namespace.name', '=', name.namespace)
    .where('repository.name', '=', name.repository)
    .select(['repository.id as repositoryId', 'namespace.id as namespaceId'])
    .executeTakeFirst();
  return row === undefined ? undefined : { ...name, ...row };
}

/** The id of the repository of that name in a namespace that exists; a push makes it when it is new. */
export async function ensureRepository(
  db: Database | Transaction<Tables>,
  wanted: { readonly namespaceId: number; readonly repository: RepositoryName },
): Promise<number> {
  const find = () =>
    db
      .selectFrom('repository')
      .select('id')
      .where('namespace_id', '=', wanted.namespaceId)
      .where('name', '=', wanted.repository)
      .executeTakeFirst();
  const known = await find();
  if (known !== undefined) return known.id;
  const made = await db
    .insertInto('repository')
    .values({ namespace_id: wanted.namespaceId, name: wanted.repository })
    .onConflict((conflict) => conflict.columns(['namespace_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return made?.id ?? (await find().then((row) => row?.id)) ?? ensureRepository(db, wanted);
}

export interface RepositorySummary extends CatalogRepository {
  readonly tagCount: number;
  readonly imageCount: number;
  /** When a tag or a manifest last came in; when it was created if none has. */
  readonly updatedAt: Date;
}

export interface RepositoryFilter {
  /** As `NamespaceFilter.visibleTo`. */
  readonly visibleTo: 'all' | { readonly accountId: number | undefined };
  readonly namespaceId?: number;
  /** A part of the name `<namespace>/<repository>`. */
  readonly query?: string;
  /** Repositories after this one, by namespace and then name, in byte order. */
  readonly after?: { readonly namespace: string; readonly repository: string };
  readonly limit: number;
}

/** Repositories in byte order of namespace and name; `total` counts all that match. Empty ones are listed too. */
export async function listRepositories(
  db: Database,
  filter: RepositoryFilter,
): Promise<{ readonly items: readonly RepositorySummary[]; readonly total: number }> {
  const accountId = filter.visibleTo === 'all' ? null : (filter.visibleTo.accountId ?? null);
  const conditions = [
    filter.visibleTo === 'all'
      ? sql<boolean>`true`
      : sql<boolean>`(n.is_public or exists (
          select from namespace_standing m where m.namespace_id = n.id and m.account_id = ${accountId}::bigint))`,
    ...(filter.namespaceId === undefined ? [] : [sql<boolean>`n.id = ${filter.namespaceId}`]),
    ...(filter.query === undefined
      ? []
      : [sql<boolean>`strpos(n.name || '/' || r.name, ${filter.query}) > 0`]),
  ];
  const where = sql.join(conditions, sql` and `);
  const after =
    filter.after === undefined
      ? sql``
      : sql`and (n.name, r.name) > (${filter.after.namespace} collate "C", ${filter.after.repository} collate "C")`;
  const counted = await sql<{ total: number }>`
    select count(*) as total from repository r join namespace n on n.id = r.namespace_id where ${where}`.execute(
    db,
  );
  const page = await sql<{
    namespaceId: number;
    namespace: NamespaceName;
    repositoryId: number;
    repository: RepositoryName;
    tagCount: number;
    imageCount: number;
    updatedAt: Date;
  }>`
    select n.id as "namespaceId", n.name as namespace, r.id as "repositoryId", r.name as repository,
      (select count(*) from tag t where t.repository_id = r.id) as "tagCount",
      (select count(*) from repository_manifest rm where rm.repository_id = r.id) as "imageCount",
      greatest(r.created_at,
        (select max(t.updated_at) from tag t where t.repository_id = r.id),
        (select max(rm.pushed_at) from repository_manifest rm where rm.repository_id = r.id)) as "updatedAt"
    from repository r join namespace n on n.id = r.namespace_id
    where ${where} ${after}
    order by n.name, r.name limit ${filter.limit}`.execute(db);
  return { items: page.rows, total: counted.rows[0]?.total ?? 0 };
}

/** Full names `<namespace>/<repository>` after `last`, in byte order, of the repositories that hold something. */
export async function listRepositoryNames(
  db: Database,
  filter: {
    readonly visibleTo: 'all' | { readonly accountId: number | undefined };
    readonly last?: string;
    readonly limit: number;
  },
): Promise<readonly string[]> {
  const accountId = filter.visibleTo === 'all' ? null : (filter.visibleTo.accountId ?? null);
  const visible =
    filter.visibleTo === 'all'
      ? sql`true`
      : sql`(n.is_public or exists (
          select from namespace_standing m where m.namespace_id = n.id and m.account_id = ${accountId}::bigint))`;
  const after =
    filter.last === undefined
      ? sql`true`
      : sql`(n.name || '/' || r.name) collate "C" > ${filter.last} collate "C"`;
  const result = await sql<{ name: string }>`
    select (n.name || '/' || r.name) collate "C" as name
    from repository r join namespace n on n.id = r.namespace_id
    where ${visible} and ${after}
      and exists (select from repository_manifest rm where rm.repository_id = r.id)
    order by 1 limit ${filter.limit}`.execute(db);
  return result.rows.map((row) => row.name);
}

/**
 * Full names of repositories that hold a blob, in an order of no meaning. Only those in namespaces where the account has
 * any role, or that are public; whether it may pull there is for the caller to decide.
 */
export async function listRepositoriesHolding(
  db: Database,
  filter: {
    readonly digest: Digest;
    readonly visibleTo: 'all' | { readonly accountId: number };
    readonly limit: number;
  },
): Promise<readonly string[]> {
  const visible =
    filter.visibleTo === 'all'
      ? sql`true`
      : sql`(n.is_public or exists (
          select from namespace_standing m
          where m.namespace_id = n.id and m.account_id = ${filter.visibleTo.accountId}::bigint))`;
  const result = await sql<{ name: string }>`
    select n.name || '/' || r.name as name
    from repository_blob held
    join repository r on r.id = held.repository_id
    join namespace n on n.id = r.namespace_id
    where held.digest in (
        select ${filter.digest} union all select b.digest from blob b where b.digest_sha512 = ${filter.digest})
      and ${visible}
    limit ${filter.limit}`.execute(db);
  return result.rows.map((row) => row.name);
}
