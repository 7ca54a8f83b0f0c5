import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { type ImageListFilter, prepareFilter } from './_image-filter.ts';
import { type OrderGroup, orderGroups } from './_order-groups.ts';
import { countByBitmaps } from './package-holders.ts';
import { boundUnsettled, boundVerdict, type GateBound, gateTable } from './verdict-bounds.ts';

export async function countImages(db: Database, filter: ImageListFilter): Promise<number> {
  const { holds, namespaceIds, ...others } = filter;
  if (holds?.forCount === 'pass' && Object.keys(others).length === 0)
    return await countByBitmaps(db, namespaceIds === undefined ? {} : { namespaceIds }, holds.packageIds);
  let count = 0;
  for (const part of await ratedParts(db, filter)) {
    const { tables, condition } = await prepareFilter(db, part, 'count');
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from ${tables} where ${condition}`.execute(db);
    count += rows[0]?.count ?? 0;
  }
  return count;
}

/** In parts only where it matters by which order findings are counted. */
async function ratedParts(db: Database, filter: ImageListFilter): Promise<readonly OrderGroup[]> {
  return filter.severity === undefined && filter.gate === undefined
    ? [filter]
    : await orderGroups(db, filter);
}

/**
 * As `countImages()` for a filter with a search, no further than to `countMax`: to count the finds of a text that most tags
 * bear takes seconds. `isMinimum`: there are, or may be, more.
 */
export async function countFound(
  db: Database,
  filter: ImageListFilter,
  countMax: number,
): Promise<{ readonly count: number; readonly isMinimum: boolean }> {
  let all = { count: 0, isMinimum: false };
  for (const part of await ratedParts(db, filter)) {
    const { count, isMinimum } = await countFoundIn(db, part, countMax);
    all = { count: all.count + count, isMinimum: all.isMinimum || isMinimum };
  }
  return { count: Math.min(all.count, countMax), isMinimum: all.isMinimum || all.count > countMax };
}

async function countFoundIn(
  db: Database,
  filter: OrderGroup,
  countMax: number,
): Promise<{ readonly count: number; readonly isMinimum: boolean }> {
  const { search: _, ...others } = filter;
  const { tables, condition, found } = await prepareFilter(db, filter, 'count');
  const rest = found === undefined ? { tables, condition } : await prepareFilter(db, others, 'count');
  const isFound = found === undefined ? sql`true` : sql`rm.id in (${found.ids})`;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from ${rest.tables} where ${rest.condition} and ${isFound} limit ${countMax + 1}) as counted`.execute(
    db,
  );
  const count = rows[0]?.count ?? 0;
  return { count: Math.min(count, countMax), isMinimum: found?.isCut === true || count > countMax };
}

/** Images of one namespace that the counts of their findings cannot tell apart, or that they can. */
export interface BoundCount {
  readonly namespaceId: number;
  /** Null: only their facts can tell. */
  readonly verdict: string | null;
  /** Not or not fully judged, whatever the policy makes of that; false where it cannot be told. */
  readonly isUnsettled: boolean;
  readonly count: number;
  /** Of those whose facts are needed (`repository_manifest`); null of all others. */
  readonly ids: readonly number[] | null;
}

/** Images by what `bounds` can tell of their verdict. Namespaces without a bound are left out. */
export async function countByBound(
  db: Database,
  filter: ImageListFilter,
  bounds: readonly GateBound[],
): Promise<readonly BoundCount[]> {
  const counts: BoundCount[] = [];
  for (const part of await orderGroups(db, filter))
    counts.push(...(await countPartByBound(db, part, bounds)));
  return counts;
}

async function countPartByBound(
  db: Database,
  filter: OrderGroup,
  bounds: readonly GateBound[],
): Promise<readonly BoundCount[]> {
  const { tables, condition } = await prepareFilter(db, filter, 'count');
  const counted = sql<BoundCount>`
    select "namespaceId", verdict, "isUnsettled", count(*) as count, array_agg(id) filter (where verdict is null) as ids
    from (
      select rm.id, r.namespace_id as "namespaceId", ${boundVerdict} as verdict, ${boundUnsettled} as "isUnsettled"
      from ${tables} ${gateTable(bounds)} where ${condition} offset 0) bounded
    group by 1, 2, 3`;
  return await db.transaction().execute(async (transaction) => {
    // Of 4 MB, the tables of a hundred thousand images are joined on disk.
    await sql`set local work_mem = '32MB'`.execute(transaction);
    return (await counted.execute(transaction)).rows;
  });
}
