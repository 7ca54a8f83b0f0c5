import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Severity } from '../report/severity.ts';

export type MatchChangeKind = 'added' | 'removed' | 'severity-changed' | 'became-fixable' | 'known-exploited';

/** What became of one vulnerability of one package, as it is now. */
export interface MatchChange {
  readonly packageId: number;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly aliases: readonly string[];
  readonly change: MatchChangeKind;
  readonly severity: Severity;
  readonly previousSeverity?: Severity;
  readonly fixedVersion?: string;
  readonly knownExploited: boolean;
}

/**
 * Notes, before they are written, how `wanted` matches differ from the stored ones of the packages. What may be affected
 * is neither there nor gone: nobody is told that it came or went.
 */
export async function noteMatchChanges(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  wanted: RawBuilder<unknown>,
): Promise<void> {
  await sql`
    with held as (
      select package_id, vulnerability_id, severity, fixed_version from package_match
      where package_id = any(${packageIds}::int[]) and resolved_at is null and status = 'affected'),
    coming as (select w.* from ${wanted})
    insert into match_change (package_id, vulnerability_id, change, previous_severity)
    select package_id, vulnerability_id,
      case when h.severity is null then 'added' when c.severity is null then 'removed'
        when h.severity <> c.severity then 'severity-changed' else 'became-fixable' end,
      case when h.severity <> c.severity then h.severity end
    from held h full join (select * from coming where status = 'affected') c using (package_id, vulnerability_id)
    where h.severity is null
      or (c.severity is null and not exists (
        select from coming u where u.package_id = h.package_id and u.vulnerability_id = h.vulnerability_id))
      or h.severity <> c.severity or (h.fixed_version is null and c.fixed_version is not null)
    order by 1, 2`.execute(transaction);
}

/** Follows CVEs that were newly listed as exploited; `note` keeps which matches they are, where somebody asks. */
export async function noteExploited(
  transaction: Transaction<Tables>,
  options: { readonly note: boolean },
): Promise<void> {
  const { rows } = await sql<{ cve: string }>`
    update known_exploited set followed_at = now() where followed_at is null returning cve`.execute(
    transaction,
  );
  if (rows.length === 0 || !options.note) return;
  await sql`
    insert into match_change (package_id, vulnerability_id, change)
    select package_id, vulnerability_id, 'known-exploited' from package_match
    where resolved_at is null and status = 'affected'
      and (vulnerability_id || aliases) && ${rows.map(({ cve }) => cve)}::text[]
    order by 1, 2`.execute(transaction);
}

interface ChangeRow {
  readonly noted_id: number;
  readonly package_id: number;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly vulnerability_id: string;
  readonly aliases: readonly string[];
  readonly change: MatchChangeKind;
  readonly severity: Severity;
  readonly previous_severity: Severity | null;
  readonly fixed_version: string | null;
  readonly known_exploited: boolean;
}

/** Takes what was noted: it is gone when the transaction commits. What came and went again in between is left out. */
export async function takeMatchChanges(transaction: Transaction<Tables>): Promise<readonly MatchChange[]> {
  const { rows } = await sql<ChangeRow>`
    with taken as (delete from match_change returning *)
    select c.id as noted_id, c.package_id, p.ecosystem, p.name, p.version, c.vulnerability_id, m.aliases, c.change,
      m.severity, c.previous_severity, m.fixed_version,
      exists (select from known_exploited k where k.cve = m.vulnerability_id or k.cve = any(m.aliases)) as known_exploited
    from taken c join package p on p.id = c.package_id
    join package_match m on m.package_id = c.package_id and m.vulnerability_id = c.vulnerability_id
    order by c.id`.execute(transaction);
  const byMatch = Map.groupBy(rows, (row) => `${row.package_id} ${row.vulnerability_id}`);
  return [...byMatch.values()].flatMap((noted) => changeOf(noted) ?? []);
}

/** The changes of one match, oldest first, as one. */
function changeOf(noted: readonly ChangeRow[]): MatchChange | undefined {
  const first = noted[0];
  const last = noted.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const change = wholeChange(noted, first, last);
  if (change === undefined) return undefined;
  return {
    packageId: last.package_id,
    ecosystem: last.ecosystem,
    name: last.name,
    version: last.version,
    id: last.vulnerability_id,
    aliases: last.aliases,
    change,
    severity: last.severity,
    ...(change === 'severity-changed' && first.previous_severity !== null
      ? { previousSeverity: first.previous_severity }
      : {}),
    ...(last.fixed_version === null ? {} : { fixedVersion: last.fixed_version }),
    knownExploited: last.known_exploited,
  };
}

function wholeChange(
  noted: readonly ChangeRow[],
  first: ChangeRow,
  last: ChangeRow,
): MatchChangeKind | undefined {
  const wasThere = first.change !== 'added';
  const isThere = last.change !== 'removed';
  if (!wasThere) return isThere ? 'added' : undefined;
  if (!isThere) return 'removed';
  if (noted.some(({ change }) => change === 'known-exploited') && last.known_exploited)
    return 'known-exploited';
  const isRatedAnew = noted.some(({ change }) => change === 'severity-changed');
  if (isRatedAnew && first.previous_severity !== last.severity) return 'severity-changed';
  return noted.some(({ change }) => change === 'became-fixable') ? 'became-fixable' : undefined;
}
