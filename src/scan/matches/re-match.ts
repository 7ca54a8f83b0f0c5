import { sql, type Transaction } from 'kysely';
import { acknowledgeChanges, type Changes } from '../../advisories/feeds/pending-changes.ts';
import {
  type MatchCounts,
  noteFollowed,
  noteMatched,
  ratingFeeds,
} from '../../advisories/feeds/update-effects.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import { notify } from '../../database/notifications.ts';
import type { Tables } from '../../database/tables.ts';
import { refreshSummaries } from '../summaries/refresh-summaries.ts';
import type { DifferenceObserver } from './difference-observer.ts';
import { intArray } from './int-array.ts';
import { noteExploited } from './match-changes.ts';
import { deleteAllUnused } from './match-details.ts';
import { addUp } from './match-differences.ts';
import { type InScopeOptions, matchInScope } from './match-in-scope.ts';
import { awaitMatching } from './match-lock.ts';
import { type MatchedAnew, matchPackages } from './match-packages.ts';
import { countExploited } from './package-counts.ts';
import { packagesNamed } from './packages-named.ts';

export interface ReMatchOptions {
  readonly now: Date;
  /** Default 5. */
  readonly feedAgeMaxDays?: number;
  readonly signal?: AbortSignal;
  /** See `refreshSummaries()`. */
  readonly onRenamed?: (digests: readonly string[]) => Promise<void>;
  /** Told of what changed, where somebody asks for that. */
  readonly observer?: Pick<DifferenceObserver, 'isWanted' | 'reMatched'>;
}

export interface ReMatchResult {
  /** Packages that were matched again. */
  readonly packages: number;
  /** Of those, the ones whose matches changed, and others whose CVEs are rated or listed anew. */
  readonly changedPackages: number;
  /** Images that were looked at: all, or none where nothing can differ. */
  readonly imagesRead: number;
  /** Images whose summary changed. */
  readonly images: number;
}

/** Packages of which everything is matched at once: bounds memory. */
const chunkPackages = 2_000;

/**
 * Follows a synchronisation: matches the packages that the changed advisories name again, then rewrites the summaries of
 * the images that hold changed ones. No layer is read and no report is written (design.md, "inspect once, judge for ever").
 */
export async function reMatch(
  connection: DatabaseConnection,
  changes: Changes,
  options: ReMatchOptions,
): Promise<ReMatchResult> {
  // The changes are forgotten when this commits. Until then a synchronisation that notes one of them again waits, so
  // that none is forgotten that came too late to be followed here.
  return await connection.db.transaction().execute(async (transaction) => {
    await acknowledgeChanges(transaction, changes);
    const { imagesOf, ...result } = await follow(connection, changes, options);
    await noteFollowed(transaction, changes.updates ?? [], imagesOf);
    return result;
  });
}

async function follow(
  connection: DatabaseConnection,
  changes: Changes,
  options: ReMatchOptions,
): Promise<ReMatchResult & { readonly imagesOf: ReadonlyMap<string, number> }> {
  const { db } = connection;
  const tell = (await options.observer?.isWanted(db)) ?? false;
  await awaitMatching(db);
  const named = await packagesNamed(connection, changes);
  const { signal } = options;
  const updates = changes.updates ?? [];
  // In one transaction, so that nobody sees some matches by the one version of a feed and some by the other (threats.md F25).
  await db.transaction().execute(async (transaction) => {
    // Of 4 MB, what is known of a hundred thousand matches is kept by page, and every row of these looked at again.
    await sql`set local work_mem = '64MB'`.execute(transaction);
    const ecosystems = await matchAll(transaction, named.changed, {
      ...(named.scope === undefined ? {} : { scope: named.scope }),
      tell,
      signal,
      reader: db,
    });
    await countExploited(transaction, named.rated);
    await noteMatched(transaction, updates, { ecosystems, rated: named.rated.length });
    // Without updates no version of a feed tells these from those of before.
    if (updates.length > 0) await notify(transaction, 'pratique_facts', 'versions');
    else if (named.changed.length > 0) await notify(transaction, 'pratique_facts', 'feed');
  });
  // The feeds say the same of these as before: each is as good as the next, and no version tells it from that of before.
  for (let start = 0; start < named.byRules.length; start += chunkPackages) {
    const ids = named.byRules.slice(start, start + chunkPackages);
    await db.transaction().execute(async (transaction) => {
      await matchAll(transaction, ids, { tell, signal, reader: db });
      await notify(transaction, 'pratique_facts', 'feed');
    });
  }
  await db.transaction().execute((transaction) => noteExploited(transaction, { tell }));
  await awaitMatching(db);
  // Those of a run that was killed before it came to the images, too.
  const differing = await db
    .selectFrom('changed_package as c')
    .innerJoin('package as p', 'p.id', 'c.package_id')
    .select(['c.package_id', 'p.ecosystem'])
    .execute();
  const differingIds = differing.map((row) => row.package_id);
  const changed = new Map<number, string[]>(named.rated.map((id) => [id, [...ratingFeeds]]));
  for (const { package_id: id, ecosystem } of differing)
    changed.set(id, [...(changed.get(id) ?? []), ecosystem]);
  const refreshed = await refreshSummaries(connection, changed, options);
  await sql`delete from changed_package where package_id = any(${differingIds}::int[])`.execute(db);
  await notify(db, 'pratique_facts', 'images');
  if (named.scope === undefined || named.byRules.length > 0) await deleteAllUnused(db);
  await options.observer?.reMatched(db);
  const packages = named.changed.length + named.byRules.length;
  return { packages, changedPackages: changed.size, ...refreshed };
}

async function matchAll(
  transaction: Transaction<Tables>,
  ids: readonly number[],
  options: Omit<InScopeOptions, 'scope'> & Partial<Pick<InScopeOptions, 'scope'>>,
): Promise<ReadonlyMap<string, MatchCounts>> {
  const { scope, tell, signal, reader } = options;
  const counted = new Map<string, MatchCounts>();
  if (ids.length === 0) return counted;
  const note = async ({ changedIds, ecosystems }: MatchedAnew) => {
    await noteChangedPackages(transaction, changedIds);
    addUp(counted, ecosystems);
  };
  if (scope !== undefined) await note(await matchInScope(transaction, ids, { scope, tell, signal, reader }));
  else
    for (let start = 0; start < ids.length; start += chunkPackages) {
      signal?.throwIfAborted();
      const chunk = ids.slice(start, start + chunkPackages);
      await note(await matchPackages(transaction, chunk, { onlyNew: false, tell }));
    }
  return counted;
}

async function noteChangedPackages(
  transaction: Transaction<Tables>,
  ids: ReadonlySet<number>,
): Promise<void> {
  await sql`
    insert into changed_package (package_id) select unnest(${intArray([...ids])}::int[])
    on conflict do nothing`.execute(transaction);
}
