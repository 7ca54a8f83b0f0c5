import { sql, type Transaction } from 'kysely';
import { acknowledgeChanges } from '../advisories/pending-changes.ts';
import type { SyncResult } from '../advisories/sync-result.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import type { Tables } from '../database/tables.ts';
import { binaryEcosystems } from '../matching/installed-as.ts';
import type { DifferenceObserver } from './difference-observer.ts';
import { noteExploited } from './match-changes.ts';
import { awaitMatching } from './match-lock.ts';
import { matchPackages } from './match-packages.ts';
import { matchingVersion } from './matching-version.ts';
import { refreshSummaries } from './refresh-summaries.ts';

export interface ReMatchOptions {
  readonly now: Date;
  /** Default 5. */
  readonly feedAgeMaxDays?: number;
  readonly signal?: AbortSignal;
  /** Told of what changed, where somebody asks for that. */
  readonly observer?: Pick<DifferenceObserver, 'isWanted' | 'reMatched'>;
}

export interface ReMatchResult {
  /** Packages that were matched again. */
  readonly packages: number;
  /** Of those, the ones whose matches changed, and others whose CVEs are rated or listed anew. */
  readonly changedPackages: number;
  /** Images whose summary changed. */
  readonly images: number;
}

/** Packages in one transaction: bounds the time for which scans of the same packages wait. */
const chunkPackages = 5_000;

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
    return await follow(connection, changes, options);
  });
}

type Changes = Pick<SyncResult, 'changedAdvisoryIds' | 'changedCves' | 'changedPackages'>;

async function follow(
  connection: DatabaseConnection,
  changes: Changes,
  options: ReMatchOptions,
): Promise<ReMatchResult> {
  const { db } = connection;
  const noteChanges = (await options.observer?.isWanted(db)) ?? false;
  await awaitMatching(db);
  const named = await packagesNamed(connection, changes);
  for (let start = 0; start < named.all.length; start += chunkPackages) {
    options.signal?.throwIfAborted();
    const ids = named.all.slice(start, start + chunkPackages);
    await db.transaction().execute(async (transaction) => {
      const differing = await matchPackages(transaction, ids, { onlyNew: false, noteChanges });
      await noteChangedPackages(transaction, differing);
    });
  }
  await db.transaction().execute((transaction) => noteExploited(transaction, { note: noteChanges }));
  await notify(db, 'pratique_facts', 'feed');
  await awaitMatching(db);
  // Those of a run that was killed before it came to the images, too.
  const differing = await db.selectFrom('changed_package').select('package_id').execute();
  const differingIds = differing.map((row) => row.package_id);
  const changed = new Set([...named.rated, ...differingIds]);
  const images = await refreshSummaries(connection, changed, options);
  await sql`delete from changed_package where package_id = any(${differingIds}::int[])`.execute(db);
  await notify(db, 'pratique_facts', 'images');
  await options.observer?.reMatched(db);
  return { packages: named.all.length, changedPackages: changed.size, images };
}

async function noteChangedPackages(
  transaction: Transaction<Tables>,
  ids: ReadonlySet<number>,
): Promise<void> {
  await sql`
    insert into changed_package (package_id) select unnest(${[...ids]}::int[])
    on conflict do nothing`.execute(transaction);
}

/** The stored packages that may match otherwise now: by name, by the CVEs of their matches, and by older rules. */
async function packagesNamed(
  { db }: DatabaseConnection,
  changes: Changes,
): Promise<{ readonly all: readonly number[]; readonly rated: readonly number[] }> {
  const { changedAdvisoryIds, changedCves, changedPackages } = changes;
  const byName = await sql<{ id: number }>`
    select p.id from package p
    join unnest(${changedPackages.map((one) => one.ecosystem)}::text[],
                ${changedPackages.map((one) => one.name)}::text[]) as c (ecosystem, name)
      on c.ecosystem = p.ecosystem and c.name = ${advisedName}`.execute(db);
  const byCve = await sql<{ id: number }>`
    select distinct m.package_id as id
    from package_match m cross join unnest(m.vulnerability_id || m.aliases) as known (id)
    join unnest(${changedCves}::text[]) as changed (id) on changed.id = known.id
    where m.resolved_at is null`.execute(db);
  const byRecord = await sql<{ id: number }>`
    select distinct package_id as id from package_match
    where resolved_at is null and advisory_id = any(${changedAdvisoryIds}::text[])`.execute(db);
  const byRules = await sql<{ id: number }>`
    select id from package where matched_at is not null and matching_version < ${matchingVersion}`.execute(
    db,
  );
  const rated = byCve.rows.map(({ id }) => id);
  const all = new Set([...byName.rows, ...byRecord.rows, ...byRules.rows].map(({ id }) => id));
  for (const id of rated) all.add(id);
  return { all: [...all].sort((a, b) => a - b), rated };
}

/** `advisedAs()` and `normalisePackageName()` in SQL: changed packages come as advisories spell them. */
const advisedName = sql`case
  when p.ecosystem = any(${binaryEcosystems}::text[]) then p.name
  when p.ecosystem = 'PyPI' then regexp_replace(lower(p.source_name), '[-_.]+', '-', 'g')
  when p.ecosystem in ('NuGet', 'Packagist') then lower(p.source_name)
  else p.source_name end`;
