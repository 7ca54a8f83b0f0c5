import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import {
  type FindingChange,
  type FindingChangeFilter,
  type FindingChanges,
  listFindingChanges,
} from '../scan/matches/finding-history.ts';
import { type HolderScope, readImageSample, visibleHolders } from './image-sample.ts';
import { heldAmong } from './package-holders.ts';

/** Fewer images than `wholeBelow` are read whole for each page; of a larger scope, so many changes are looked at. */
const limitsDefault = { wholeBelow: 2_000, lookedAtMax: 5_000 };

export interface ScopeChanges extends FindingChanges {
  /** Others may follow behind this key, though the page has fewer items than it may. */
  readonly lookedUpTo?: number;
}

/**
 * What judging again made different for packages that images in scope hold now, newest first. Where the scope has few images:
 * since the first of them that holds the package was judged. In a larger one packages are looked up step by step, and
 * `total` is of this page. What only images out of scope hold is never told.
 */
export async function listScopeChanges(
  db: Database,
  scope: HolderScope,
  filter: Omit<FindingChangeFilter, 'digest' | 'among'>,
  limits = limitsDefault,
): Promise<ScopeChanges> {
  if (scope.namespaceIds === undefined) return await listFindingChanges(db, filter);
  if (await hasFewerImages(db, scope, limits.wholeBelow))
    return await listFindingChanges(db, { ...filter, among: heldSince(scope) });
  const sampled = { scope, sample: await readImageSample(db, scope) };
  const items: FindingChange[] = [];
  let before = filter.before;
  let lookedAt = 0;
  for (let step = filter.limit; items.length < filter.limit; step = Math.min(step * 4, 1_000)) {
    const { items: found } = await listFindingChanges(db, { ...filter, before, limit: step });
    const held = await heldAmong(db, sampled, [...new Set(found.map(({ packageId }) => packageId))]);
    items.push(...found.filter(({ packageId }) => held.has(packageId)));
    before = found.at(-1)?.key;
    lookedAt += found.length;
    if (found.length < step)
      return { items: items.slice(0, filter.limit), total: items.length, isMore: false };
    if (lookedAt >= limits.lookedAtMax) break;
  }
  const isFull = items.length >= filter.limit;
  return {
    items: items.slice(0, filter.limit),
    total: Math.min(items.length, filter.limit),
    isMore: true,
    ...(isFull || before === undefined ? {} : { lookedUpTo: before }),
  };
}

async function hasFewerImages(db: Database, scope: HolderScope, than: number): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (select from ${visibleHolders(scope)} limit ${than}) counted`.execute(db);
  return (rows[0]?.count ?? 0) < than;
}

/** A join on changes `c`: those of packages in scope, since an image there that holds one was judged. */
function heldSince(scope: HolderScope): RawBuilder<unknown> {
  return sql`join (
    select one as package_id, min(j.first_judged_at) as since
    from ${visibleHolders(scope)} join image_report j on j.manifest_digest = rm.manifest_digest
      cross join lateral unnest(i.package_ids) one
    group by 1) held on held.package_id = c.package_id and c.at > held.since`;
}
