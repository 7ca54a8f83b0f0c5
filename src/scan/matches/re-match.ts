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
import { binaryEcosystems, eitherEcosystems } from '../../matching/installed-as.ts';
import { refreshSummaries } from '../summaries/refresh-summaries.ts';
import type { DifferenceObserver } from './difference-observer.ts';
import { noteExploited } from './match-changes.ts';
import { awaitMatching } from './match-lock.ts';
import { type MatchScope, matchPackages } from './match-packages.ts';
import { matchesOfCves, readMatchScope } from './match-scope.ts';
import { matchingVersion } from './matching-version.ts';
import { countExploited } from './package-counts.ts';

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

/** Packages that are matched at once, whole or by what changed: bounds memory. */
const chunkPackages = 2_000;
const chunkInScope = 30_000;

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
  // In one transaction, so that nobody sees some matches by the one version of a feed and some by the other (threats.md F25).
  await db.transaction().execute(async (transaction) => {
    // Of 4 MB, what is known of a hundred thousand matches is kept by page, and every row of these looked at again.
    await sql`set local work_mem = '64MB'`.execute(transaction);
    const ecosystems = await matchAll(transaction, named.changed, {
      ...(named.scope === undefined ? {} : { scope: named.scope }),
      tell,
      signal,
    });
    await countExploited(transaction, named.rated);
    await noteMatched(transaction, changes.updates ?? [], { ecosystems, rated: named.rated.length });
  });
  // The feeds say the same of these as before: each is as good as the next.
  for (let start = 0; start < named.byRules.length; start += chunkPackages) {
    const ids = named.byRules.slice(start, start + chunkPackages);
    await db.transaction().execute((transaction) => matchAll(transaction, ids, { tell, signal }));
  }
  await db.transaction().execute((transaction) => noteExploited(transaction, { tell }));
  await notify(db, 'pratique_facts', 'feed');
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
  await options.observer?.reMatched(db);
  const packages = named.changed.length + named.byRules.length;
  return { packages, changedPackages: changed.size, ...refreshed };
}

async function matchAll(
  transaction: Transaction<Tables>,
  ids: readonly number[],
  options: { readonly scope?: MatchScope; readonly tell: boolean; readonly signal: AbortSignal | undefined },
): Promise<ReadonlyMap<string, MatchCounts>> {
  const { signal, ...matching } = options;
  const step = matching.scope === undefined ? chunkPackages : chunkInScope;
  const counted = new Map<string, MatchCounts>();
  for (let start = 0; start < ids.length; start += step) {
    signal?.throwIfAborted();
    const chunk = ids.slice(start, start + step);
    const matched = await matchPackages(transaction, chunk, { onlyNew: false, ...matching });
    await noteChangedPackages(transaction, matched.changedIds);
    for (const [ecosystem, { packages, added, removed }] of matched.ecosystems) {
      const sum = counted.get(ecosystem) ?? { packages: 0, added: 0, removed: 0 };
      counted.set(ecosystem, {
        packages: sum.packages + packages,
        added: sum.added + added,
        removed: sum.removed + removed,
      });
    }
  }
  return counted;
}

async function noteChangedPackages(
  transaction: Transaction<Tables>,
  ids: ReadonlySet<number>,
): Promise<void> {
  await sql`
    insert into changed_package (package_id) select unnest(${[...ids]}::int[])
    on conflict do nothing`.execute(transaction);
}

/** The stored packages that may match otherwise now. */
interface NamedPackages {
  /** By name, which the changed records have in their old and their new version, and by the CVEs of their matches. */
  readonly changed: readonly number[];
  /** Those by CVEs. */
  readonly rated: readonly number[];
  /** What of them may differ; absent: everything. */
  readonly scope?: MatchScope;
  /** Those that were matched by older rules of ours, whatever the feeds changed: everything of them may differ. */
  readonly byRules: readonly number[];
}

async function packagesNamed({ db }: DatabaseConnection, changes: Changes): Promise<NamedPackages> {
  const { changedCves, changedPackages } = changes;
  const byRules = await sql<{ id: number }>`
    select id from package where matched_at is not null and matching_version < ${matchingVersion}
    order by ecosystem, source_name, id`.execute(db);
  const older = new Set(byRules.rows.map(({ id }) => id));
  // Two statements, each of which PostgreSQL answers with one hash; with an "or" it compares every pair.
  const byName = await sql<{ id: number }>`
    with c as (select * from unnest(${changedPackages.map((one) => one.ecosystem)}::text[],
      ${changedPackages.map((one) => one.name)}::text[]) as named (ecosystem, name))
    select p.id from package p join c on c.ecosystem = p.ecosystem and c.name = ${advisedName}
    union
    select p.id from package p join c on c.ecosystem = p.ecosystem and c.name = p.name
    where p.ecosystem = any(${eitherEcosystems}::text[])`.execute(db);
  const byCve = await sql<{ id: number }>`
    select distinct package_id as id from (${matchesOfCves(changedCves)}) as m`.execute(db);
  const scope = await readMatchScope(db, changes);
  const rated = byCve.rows.map(({ id }) => id);
  const changed = new Set([...byName.rows, ...byCve.rows].map(({ id }) => id));
  return {
    changed: [...changed].filter((id) => !older.has(id)).sort((a, b) => a - b),
    rated,
    ...(scope === undefined ? {} : { scope }),
    byRules: [...older],
  };
}

/** `advisedNames()` and `normalisePackageName()` in SQL, but for the first of two names: changed packages come as advisories spell them. */
const advisedName = sql`case
  when p.ecosystem = any(${binaryEcosystems}::text[]) then p.name
  when p.ecosystem = 'PyPI' then regexp_replace(lower(p.source_name), '[-_.]+', '-', 'g')
  when p.ecosystem in ('NuGet', 'Packagist') then lower(p.source_name)
  else p.source_name end`;
