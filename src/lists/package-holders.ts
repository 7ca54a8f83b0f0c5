import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Whose images count; absent: all namespaces. */
export interface HolderScope {
  readonly namespaceIds?: readonly number[];
}

/** Some packages that are one thing to count: those of a vulnerability, or a package by itself. */
export interface PackageSet {
  readonly key: string;
  readonly packageIds: readonly number[];
}

export interface HolderCount {
  readonly count: number;
  /** There are, or may be, more. */
  readonly isMinimum: boolean;
}

/** Images that are looked at first, newest first: what many images hold is known by them. */
const sampleImages = 2_000;
/** So many of the sample are many of all: they are not counted to the end. */
const sampleHoldersMin = 50;
/** A set that the sample hardly knows is counted by the index, so far. */
const countedMax = 1_000;

/** Ids as the operators of `intarray` want them: unsorted ones they would sort for each image. */
export function sortedIds(ids: Iterable<number>): readonly number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Rows of `repository_manifest rm` with `image_packages i` that are in scope. */
export function visibleHolders({ namespaceIds }: HolderScope): RawBuilder<unknown> {
  const tables = sql`repository_manifest rm join image_packages i on i.manifest_digest = rm.manifest_digest`;
  if (namespaceIds === undefined) return tables;
  return sql`${tables} join repository r on r.id = rm.repository_id and r.namespace_id = any(${namespaceIds}::bigint[])`;
}

function sampleOf(scope: HolderScope): RawBuilder<unknown> {
  return sql`sample as materialized (
    select rm.id, i.package_ids from ${visibleHolders(scope)} order by rm.id desc limit ${sampleImages})`;
}

/** Images in scope that hold at least one of the packages: exact. */
export async function countHolders(
  db: Database,
  scope: HolderScope,
  packageIds: readonly number[],
): Promise<number> {
  if (packageIds.length === 0) return 0;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${visibleHolders(scope)}
    where i.package_ids operator(intarray.&&) ${sortedIds(packageIds)}::int[]`.execute(db);
  return rows[0]?.count ?? 0;
}

/** `countHolders()` of packages, and of some among them, in one pass. */
export async function countHoldersAlso(
  db: Database,
  scope: HolderScope,
  { all, some }: { readonly all: readonly number[]; readonly some: readonly number[] },
): Promise<{ readonly all: number; readonly some: number }> {
  if (all.length === 0) return { all: 0, some: 0 };
  const { rows } = await sql<{ all: number; some: number }>`
    select count(*) as "all", count(*) filter (where i.package_ids operator(intarray.&&) ${sortedIds(some)}::int[]) as "some"
    from ${visibleHolders(scope)}
    where i.package_ids operator(intarray.&&) ${sortedIds(all)}::int[]`.execute(db);
  return rows[0] ?? { all: 0, some: 0 };
}

/**
 * The same for each of some dozens of sets: exact for those that few images hold, and for all where the scope has few
 * images; of the others at least so many.
 */
export async function countHoldersOfEach(
  db: Database,
  scope: HolderScope,
  sets: readonly PackageSet[],
): Promise<ReadonlyMap<string, HolderCount>> {
  if (sets.length === 0) return new Map();
  const table = sql.join(
    sets.map(({ packageIds }, index) => sql`(${index}::int, ${sortedIds(packageIds)}::int[])`),
  );
  const { rows } = await sql<{ position: number; count: number; sampled: number }>`
    with ${sampleOf(scope)}
    select s.position, (select count(*) from sample where package_ids operator(intarray.&&) s.ids) as count,
      (select count(*) from sample) as sampled
    from (values ${table}) s (position, ids)`.execute(db);
  const counts = new Map<string, HolderCount>();
  for (const { position, count, sampled } of rows) {
    const set = sets[position];
    if (set === undefined) continue;
    if (sampled < sampleImages) counts.set(set.key, { count, isMinimum: false });
    else if (count >= sampleHoldersMin) counts.set(set.key, { count, isMinimum: true });
    else counts.set(set.key, await countByIndex(db, scope, set.packageIds));
  }
  return counts;
}

async function countByIndex(
  db: Database,
  scope: HolderScope,
  packageIds: readonly number[],
): Promise<HolderCount> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from ${visibleHolders(scope)} where i.package_ids operator(intarray.&&) ${sortedIds(packageIds)}::int[]
      limit ${countedMax + 1}) held`.execute(db);
  const count = rows[0]?.count ?? 0;
  return { count: Math.min(count, countedMax), isMinimum: count > countedMax };
}

/** Those of the packages that an image in scope holds: nothing may be told of the others. */
export async function heldAmong(
  db: Database,
  scope: HolderScope,
  packageIds: readonly number[],
): Promise<ReadonlySet<number>> {
  if (packageIds.length === 0) return new Set();
  const ids = sortedIds(packageIds);
  const { rows } = await sql<{ held: number[] | null; sampled: number }>`
    with ${sampleOf(scope)}
    select (select array_agg(distinct one) from sample, unnest(package_ids operator(intarray.&) ${ids}::int[]) one) as held,
      (select count(*) from sample) as sampled`.execute(db);
  const [row] = rows;
  const held = new Set(row?.held ?? []);
  if ((row?.sampled ?? 0) < sampleImages) return held;
  // Few images hold what none of the sample does. A join, as for "exists" PostgreSQL would walk the images of each.
  const { rows: others } = await sql<{ id: number }>`
    select distinct w.id from unnest(${ids.filter((id) => !held.has(id))}::int[]) w (id)
    join (${visibleHolders(scope)}) on i.package_ids operator(intarray.&&) array[w.id]`.execute(db);
  for (const { id } of others) held.add(id);
  return held;
}

/** Every package that an image in scope holds; undefined: it has too many images to look through. */
export async function allHeld(db: Database, scope: HolderScope): Promise<readonly number[] | undefined> {
  const { rows } = await sql<{ held: number[] | null; sampled: number }>`
    with ${sampleOf(scope)}
    select case when (select count(*) from sample) < ${sampleImages}
      then (select array_agg(distinct one) from sample, unnest(package_ids) one) end as held,
      (select count(*) from sample) as sampled`.execute(db);
  const [row] = rows;
  if (row === undefined || row.sampled >= sampleImages) return undefined;
  return row.held ?? [];
}
