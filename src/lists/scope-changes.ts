import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import {
  type FindingChange,
  type FindingChangeFilter,
  type FindingChanges,
  listFindingChanges,
  packagesOfChanges,
} from '../scan/matches/finding-history.ts';
import { type HolderScope, readImageSample, visibleHolders } from './image-sample.ts';
import { heldAmong, heldAmongMany } from './package-holders.ts';

/** Fewer images than `wholeBelow` are read whole for each page; of a larger scope, so many changes are looked at one by one. */
const limitsDefault = { wholeBelow: 2_000, lookedAtMax: 5_000 };

type ScopeChangeFilter = Omit<FindingChangeFilter, 'digest' | 'among'>;

/**
 * What judging again made different for packages that images in scope hold now, newest first; a page is full unless none is behind
 * it. Where the scope has few images: since the first of them that holds the package was judged. In a larger one packages
 * are looked up step by step, then all that are left in one pass, and `total` is of this page. What only images out of
 * scope hold is never told.
 */
export async function listScopeChanges(
  db: Database,
  scope: HolderScope,
  filter: ScopeChangeFilter,
  limits = limitsDefault,
): Promise<FindingChanges> {
  if (scope.namespaceIds === undefined) return await listFindingChanges(db, filter);
  if (await hasFewerImages(db, scope, limits.wholeBelow))
    return await listFindingChanges(db, { ...filter, among: heldSince(scope) });
  const sampled = { scope, sample: await readImageSample(db, scope) };
  const items: FindingChange[] = [];
  let before = filter.before;
  let lookedAt = 0;
  for (let step = filter.limit; items.length < filter.limit; step = Math.min(step * 4, 1_000)) {
    if (lookedAt >= limits.lookedAtMax) {
      const left = { ...filter, before, limit: filter.limit - items.length };
      items.push(...(await listHeldChanges(db, scope, left)));
      break;
    }
    const { items: found } = await listFindingChanges(db, { ...filter, before, limit: step });
    const held = await heldAmong(db, sampled, [...new Set(found.map(({ packageId }) => packageId))]);
    items.push(...found.filter(({ packageId }) => held.has(packageId)));
    before = found.at(-1)?.key;
    lookedAt += found.length;
    if (found.length < step) break;
  }
  const page = items.slice(0, filter.limit);
  return { items: page, total: page.length, isMore: page.length === filter.limit };
}

async function listHeldChanges(
  db: Database,
  scope: HolderScope,
  filter: ScopeChangeFilter,
): Promise<readonly FindingChange[]> {
  const held = await heldAmongMany(db, scope, await packagesOfChanges(db, filter));
  const among = sql`join unnest(${held}::int[]) held (package_id) on held.package_id = c.package_id`;
  const { items } = await listFindingChanges(db, { ...filter, among });
  return items;
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
