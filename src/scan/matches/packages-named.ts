import { sql } from 'kysely';
import type { Changes } from '../../advisories/feeds/pending-changes.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import { eitherEcosystems } from '../../matching/installed-as.ts';
import type { MatchScope } from './judge-packages.ts';
import { matchesOfCves, readMatchScope } from './match-scope.ts';
import { matchingVersion } from './matching-version.ts';

/** The stored packages that may match otherwise now. */
export interface NamedPackages {
  /**
   * By name, which the changed records have in their old and their new version, and by the CVEs of their matches. With a scope
   * those of one name are together, else they are in the order in which scans lock them.
   */
  readonly changed: readonly number[];
  /** Those by CVEs. */
  readonly rated: readonly number[];
  /** What of them may differ; absent: everything. */
  readonly scope?: MatchScope;
  /** Those that were matched by older rules of ours, whatever the feeds changed: everything of them may differ. */
  readonly byRules: readonly number[];
}

export async function packagesNamed({ db }: DatabaseConnection, changes: Changes): Promise<NamedPackages> {
  const { changedCves, changedPackages } = changes;
  const byRules = await sql<{ id: number }>`
    select id from package where matched_at is not null and matching_version < ${matchingVersion}
    order by ecosystem, source_name, id`.execute(db);
  const older = new Set(byRules.rows.map(({ id }) => id));
  // `advised_name()` is `advisedNames()` in SQL, but for the first of two names, which the second statement looks up, and for
  // Swift's, which it takes for exact.
  const byName = await sql<{ id: number }>`
    with c as (select * from unnest(${changedPackages.map((one) => one.ecosystem)}::text[],
      ${changedPackages.map((one) => one.name)}::text[]) as named (ecosystem, name))
    select p.id from c cross join lateral (
      select id from package p
      where p.ecosystem = c.ecosystem and advised_name(p.ecosystem, p.name, p.source_name) = c.name offset 0) p
    union all
    select p.id from package p join c on c.ecosystem = p.ecosystem and c.name = p.name
    where p.ecosystem = any(${eitherEcosystems}::text[])
    union all
    select p.id from package p join c on c.ecosystem = p.ecosystem and c.name = lower(p.source_name)
    where p.ecosystem = 'SwiftURL'`.execute(db);
  const byCve = await sql<{ id: number }>`
    select distinct package_id as id from (${matchesOfCves(changedCves)}) as m`.execute(db);
  const scope = await readMatchScope(db, changes);
  const rated = byCve.rows.map(({ id }) => id);
  const all = new Set([...byName.rows, ...byCve.rows].map(({ id }) => id));
  const changed = [...all].filter((id) => !older.has(id));
  return {
    changed: scope === undefined ? changed.sort((a, b) => a - b) : changed,
    rated,
    ...(scope === undefined ? {} : { scope }),
    byRules: [...older],
  };
}
