import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { parseIds } from './_parse-ids.ts';
import {
  type HolderScope,
  type ImageSample,
  inNamespaces,
  type PackageSet,
  visibleHolders,
} from './image-sample.ts';

export interface HolderCount {
  readonly count: number;
  /** There are, or may be, more. */
  readonly isMinimum: boolean;
}

/** Images in scope, and the sample of them by which it is told how they are best looked for. */
export interface SampledScope {
  readonly scope: HolderScope;
  readonly sample: ImageSample;
}

/** So many of the sample are many of all: they are not counted any further. */
const sampleHoldersMin = 50;
/** A set that fewer of the sample hold may still be in any number of older images: it is counted by the index, so far. */
const countedMax = 1_000;

/** Ids as the operators of `intarray` want them: unsorted ones they would sort for each image. */
export function sortedIds(ids: Iterable<number>): readonly number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/**
 * `i` holds one of the packages: by the index, which compares each of its finds with each of the packages. Where PostgreSQL
 * saw the packages, it would take them for common, and read all images.
 */
export function holdsByIndex(packageIds: readonly number[]): RawBuilder<unknown> {
  return sql`i.package_ids operator(intarray.&&) (select ${sortedIds(packageIds)}::int[])`;
}

/** The same looked up in one image after the other: PostgreSQL does not see through a case, and takes it for one in two. */
export function holdsByPass(packageIds: readonly number[]): RawBuilder<unknown> {
  const ids = sortedIds(packageIds);
  return sql`case when i.package_ids operator(intarray.&&) ${ids}::int[] then true else false end`;
}

/**
 * Packages of which an image of a list holds at least one, and how such images are found: by the index, in one pass over all
 * images, or by a look at each image that the other conditions leave.
 */
export interface HeldPackages {
  readonly packageIds: readonly number[];
  readonly forPage: 'index' | 'each';
  readonly forCount: 'index' | 'pass' | 'each';
}

/** Of images of which so many hold one, a page is soon full. */
const walkedShareMin = 0.05;

export function heldIn(sample: ImageSample, packageIds: readonly number[]): HeldPackages {
  const own = { packageIds: sortedIds(packageIds) };
  // What others hold is in the index, too, and costs the reader of a small scope nothing.
  if (sample.isWhole) return { ...own, forPage: 'each', forCount: 'each' };
  const share = shareOfHolders(sample, packageIds);
  return {
    ...own,
    forPage: share < walkedShareMin ? 'index' : 'each',
    forCount: isPassCheaper(share, packageIds) ? 'pass' : 'index',
  };
}

function shareOfHolders(sample: ImageSample, packageIds: readonly number[]): number {
  return sample.countHolders(packageIds) / Math.max(sample.size, 1);
}

/**
 * Whether one pass over all images finds those that hold one of the packages sooner than the index does. Measured in
 * nanoseconds: a find of the index costs 3,000 and 11 for each package, an image of the pass 1,000 and 1 for each.
 */
function isPassCheaper(share: number, packageIds: readonly number[]): boolean {
  return share * (3_000 + 11 * packageIds.length) > 1_000 + packageIds.length;
}

/** Images in scope that hold at least one of the packages: exact. */
export async function countHolders(
  db: Database,
  { scope, sample }: SampledScope,
  packageIds: readonly number[],
): Promise<number> {
  if (packageIds.length === 0) return 0;
  return sample.isWhole ? sample.countHolders(packageIds) : await countByBitmaps(db, scope, packageIds);
}

/** A find of the index is compared with each package of its condition; but many conditions are long to plan. */
const packagesOfBitmap = 16;
const bitmapsMax = 300;

/**
 * Selects with the condition that `i` holds one of the packages: by bitmaps of their places, some packages at a time, laid
 * together before an image is looked at. To compare the packages of a hundred thousand images with two thousand others takes
 * three times as long, and images are read in the order in which they lie.
 */
async function selectByBitmaps<Row>(
  db: Database,
  packageIds: readonly number[],
  select: (holds: RawBuilder<unknown>) => RawBuilder<Row>,
): Promise<readonly Row[]> {
  const ids = sortedIds(packageIds);
  if (ids.length === 0) return [];
  const size = Math.max(packagesOfBitmap, Math.ceil(ids.length / bitmapsMax));
  const parts = Array.from({ length: Math.ceil(ids.length / size) }, (_, part) =>
    ids.slice(part * size, (part + 1) * size),
  );
  const holds = parts.map((part) => sql`i.package_ids operator(intarray.&&) ${part}::int[]`);
  return await db.transaction().execute(async (transaction) => {
    // PostgreSQL would rather compare each image with each part; and what it finds is joined in memory.
    await sql`select set_config('enable_seqscan', 'off', true), set_config('work_mem', '16MB', true)`.execute(
      transaction,
    );
    return (await select(sql`(${sql.join(holds, sql` or `)})`).execute(transaction)).rows;
  });
}

/** The images in scope that hold one of the packages, counted. */
export async function countByBitmaps(
  db: Database,
  scope: HolderScope,
  packageIds: readonly number[],
): Promise<number> {
  const rows = await selectByBitmaps(
    db,
    packageIds,
    (holds) => sql<{ count: number }>`
      select count(*) as count from image_packages i
      join repository_manifest rm on rm.manifest_digest = i.manifest_digest ${inNamespaces(scope)}
      where ${holds}`,
  );
  return rows[0]?.count ?? 0;
}

/** Ids (`repository_manifest`) of images in scope that hold one of the packages, newest first. */
export async function newestHolders(
  db: Database,
  { scope, sample }: SampledScope,
  { packageIds, limit }: { readonly packageIds: readonly number[]; readonly limit: number },
): Promise<readonly number[]> {
  const holds = (heldIn(sample, packageIds).forPage === 'each' ? holdsByPass : holdsByIndex)(packageIds);
  const { rows } = await sql<{ id: number }>`
    select rm.id from ${visibleHolders(scope)} where ${holds} order by rm.id desc limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/**
 * The same count for each of some dozens of sets: exact for those that few images hold, and for all where the scope has
 * few images; of the others at least so many.
 */
export async function countHoldersOfEach(
  db: Database,
  { scope, sample }: SampledScope,
  sets: readonly PackageSet[],
): Promise<ReadonlyMap<string, HolderCount>> {
  const counts = new Map<string, HolderCount>();
  const rare: PackageSet[] = [];
  const sampled = sample.countEach(sets);
  for (const set of sets) {
    const count = sampled.get(set.key) ?? 0;
    if (sample.isWhole) counts.set(set.key, { count, isMinimum: false });
    else if (count >= sampleHoldersMin) counts.set(set.key, { count, isMinimum: true });
    else rare.push(set);
  }
  for (const [key, count] of await countRare(db, scope, rare)) counts.set(key, count);
  return counts;
}

async function countRare(
  db: Database,
  scope: HolderScope,
  sets: readonly PackageSet[],
): Promise<readonly (readonly [string, HolderCount])[]> {
  if (sets.length === 0) return [];
  const counts = (await countTogether(db, scope, sets)) ?? (await countOneByOne(db, scope, sets));
  return sets.map(({ key }, position) => {
    const count = counts[position] ?? 0;
    return [key, { count: Math.min(count, countedMax), isMinimum: count > countedMax }];
  });
}

/**
 * All sets in one look at the images that hold a package of any: each is read once, however many sets it is in. Nothing where
 * these are more images than sets counted one by one would read.
 */
async function countTogether(
  db: Database,
  scope: HolderScope,
  sets: readonly PackageSet[],
): Promise<Uint32Array | undefined> {
  const packageIds = sortedIds(sets.flatMap((set) => set.packageIds));
  const readMax = sets.length * (countedMax + 1);
  const rows = await selectByBitmaps(
    db,
    packageIds,
    (holds) => sql<{ held: string | null; count: number }>`
      with found as materialized (
        select i.manifest_digest, i.package_ids operator(intarray.&) ${packageIds}::int[] as held
        from image_packages i where ${holds} limit ${readMax}),
      found_count as materialized (select count(*) as count from found)
      select null as held, count from found_count
      union all
      select i.held::text, count(*) from found i
      join repository_manifest rm on rm.manifest_digest = i.manifest_digest ${inNamespaces(scope)}
      where (select count from found_count) < ${readMax} group by 1`,
  );
  if (rows.some(({ held, count }) => held === null && count >= readMax)) return undefined;
  return countSets(
    sets,
    rows.flatMap(({ held, count }) => (held === null ? [] : [{ held, count }])),
  );
}

/** Each set by itself, no further than `countedMax` and one more. */
async function countOneByOne(
  db: Database,
  scope: HolderScope,
  sets: readonly PackageSet[],
): Promise<Uint32Array> {
  const table = sql.join(
    sets.map(({ packageIds }, position) => sql`(${position}::int, ${sortedIds(packageIds)}::int[])`),
  );
  const { rows } = await sql<{ position: number; count: number }>`
    select s.position, held.count from (values ${table}) s (position, ids) cross join lateral (
      select count(*) as count from (
        select from ${holdersByIndex(scope, sql`s.ids`)} limit ${countedMax + 1}) counted) held`.execute(db);
  const counts = new Uint32Array(sets.length);
  for (const { position, count } of rows) counts[position] = count;
  return counts;
}

/** Of each set the images that hold one of its packages; `rows`: how many hold just these. */
function countSets(
  sets: readonly PackageSet[],
  rows: readonly { readonly held: string; readonly count: number }[],
): Uint32Array {
  const setsOf = Map.groupBy(
    sets.flatMap((set, position) => set.packageIds.map((id) => ({ id, position }))),
    ({ id }) => id,
  );
  const counts = new Uint32Array(sets.length);
  for (const { held, count } of rows) {
    const positions = new Set(
      parseIds(held).flatMap((id) => setsOf.get(id)?.map(({ position }) => position) ?? []),
    );
    for (const position of positions) counts[position] = (counts[position] ?? 0) + count;
  }
  return counts;
}

/**
 * Images in scope that hold one of the packages: from the index, and then one by one, behind "offset 0". PostgreSQL does not
 * know how few they are, and would walk through all.
 */
function holdersByIndex(scope: HolderScope, ids: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select i.manifest_digest from image_packages i
      where i.package_ids operator(intarray.&&) ${ids} offset 0) i
    cross join lateral (select from repository_manifest rm ${inNamespaces(scope)}
      where rm.manifest_digest = i.manifest_digest offset 0) own`;
}

/** Those of the packages that an image in scope holds: nothing may be told of the others. */
export async function heldAmong(
  db: Database,
  { scope, sample }: SampledScope,
  packageIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const held = sample.heldAmong(packageIds);
  const others = sample.isWhole ? [] : packageIds.filter((id) => !held.has(id));
  if (others.length === 0) return held;
  // Few images hold what none of the sample does; the first in scope is enough.
  const { rows } = await sql<{ id: number }>`
    select w.id from unnest(${sortedIds(others)}::int[]) w (id) cross join lateral (
      select from ${holdersByIndex(scope, sql`array[w.id]`)} limit 1) first`.execute(db);
  for (const { id } of rows) held.add(id);
  return held;
}

/** Packages that one pass compares each image with. */
const perPassMax = 20_000;

/** `heldAmong()` of very many, by passes over all images in scope: what each takes does not hang on how rare they are. */
export async function heldAmongMany(
  db: Database,
  scope: HolderScope,
  packageIds: readonly number[],
): Promise<readonly number[]> {
  const held: number[] = [];
  const wanted = sortedIds(packageIds);
  for (let start = 0; start < wanted.length; start += perPassMax) {
    const some = wanted.slice(start, start + perPassMax);
    const { rows } = await sql<{ id: number }>`
      select distinct unnest(i.package_ids operator(intarray.&) ${some}::int[]) as id
      from ${visibleHolders(scope)}`.execute(db);
    held.push(...rows.map(({ id }) => id));
  }
  return held;
}
