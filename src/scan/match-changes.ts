import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { MatchCounts } from '../advisories/update-effects.ts';
import type { Tables } from '../database/tables.ts';
import { ratedIn } from '../report/rated-in-order.ts';
import type { Severity } from '../report/severity.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../report/severity-order.ts';
import type { SourceSeverities } from '../report/source-severities.ts';

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
      select package_id, vulnerability_id, severity, source_severities, fixed_version from package_match
      where package_id = any(${packageIds}::int[]) and resolved_at is null and status = 'affected'),
    coming as (select w.* from ${wanted})
    insert into match_change (package_id, vulnerability_id, change, previous_severity, previous_source_severities)
    select package_id, vulnerability_id, noted.change, h.severity, h.source_severities
    from held h full join (select * from coming where status = 'affected') c using (package_id, vulnerability_id)
    cross join lateral (values
      ('added', h.severity is null),
      ('removed', c.severity is null and not exists (
        select from coming u where u.package_id = h.package_id and u.vulnerability_id = h.vulnerability_id)),
      ('severity-changed', h.severity <> c.severity or h.source_severities <> c.source_severities),
      ('became-fixable', h.severity is not null and h.fixed_version is null and c.fixed_version is not null)
    ) as noted (change, is_so)
    where noted.is_so
    order by 1, 2, 3`.execute(transaction);
}

/** How many packages there are of each ecosystem, and how many matches `wanted` adds to theirs and takes from them. */
export async function countMatchChanges(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  wanted: RawBuilder<unknown>,
): Promise<ReadonlyMap<string, MatchCounts>> {
  const { rows } = await sql<MatchCounts & { readonly ecosystem: string }>`
    with held as (
      select package_id, vulnerability_id, 1 as is_held from package_match
      where package_id = any(${packageIds}::int[]) and resolved_at is null),
    differing as (
      select package_id, count(*) filter (where is_held is null) as added,
        count(*) filter (where is_coming is null) as removed
      from held full join (select w.package_id, w.vulnerability_id, 1 as is_coming from ${wanted}) as coming
        using (package_id, vulnerability_id)
      group by package_id)
    select p.ecosystem, count(*) as packages, coalesce(sum(added), 0)::int8 as added,
      coalesce(sum(removed), 0)::int8 as removed
    from package p left join differing d on d.package_id = p.id
    where p.id = any(${packageIds}::int[]) group by p.ecosystem`.execute(transaction);
  return new Map(rows.map(({ ecosystem, ...counts }) => [ecosystem, counts]));
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
  readonly source_severities: SourceSeverities | null;
  readonly previous_severity: Severity | null;
  readonly previous_source_severities: SourceSeverities | null;
  readonly fixed_version: string | null;
  readonly known_exploited: boolean;
}

/** What was noted of one match, oldest first, with the match as it is now. */
export interface MatchHistory {
  readonly packageId: number;
  readonly noted: readonly ChangeRow[];
}

/** Takes what was noted: it is gone when the transaction commits. `changeIn()` tells what it comes to. */
export async function takeMatchChanges(transaction: Transaction<Tables>): Promise<readonly MatchHistory[]> {
  const { rows } = await sql<ChangeRow>`
    with taken as (delete from match_change returning *)
    select c.id as noted_id, c.package_id, p.ecosystem, p.name, p.version, c.vulnerability_id, m.aliases, c.change,
      m.severity, m.source_severities, c.previous_severity, c.previous_source_severities, m.fixed_version,
      exists (select from known_exploited k where k.cve = m.vulnerability_id or k.cve = any(m.aliases)) as known_exploited
    from taken c join package p on p.id = c.package_id
    join package_match m on m.package_id = c.package_id and m.vulnerability_id = c.vulnerability_id
    order by c.id`.execute(transaction);
  const byMatch = Map.groupBy(rows, (row) => `${row.package_id} ${row.vulnerability_id}`);
  return [...byMatch.values()].flatMap((noted) => {
    const [first] = noted;
    return first === undefined ? [] : [{ packageId: first.package_id, noted }];
  });
}

/**
 * The changes of one match as one, for whom `order` decides whose severity counts. Undefined: it came and went again in
 * between, or only its rating by sources that do not decide is another.
 */
export function changeIn(
  { noted }: MatchHistory,
  order: SeverityOrder = defaultSeverityOrder,
): MatchChange | undefined {
  const last = noted.at(-1);
  if (last === undefined) return undefined;
  const severity = severityOf(last.severity, last.source_severities, order);
  const ratedAnew = noted.find(({ change }) => change === 'severity-changed');
  const previousSeverity =
    ratedAnew === undefined || ratedAnew.previous_severity === null
      ? severity
      : severityOf(ratedAnew.previous_severity, ratedAnew.previous_source_severities, order);
  const change = wholeChange(noted, last, previousSeverity !== severity);
  if (change === undefined) return undefined;
  return {
    packageId: last.package_id,
    ecosystem: last.ecosystem,
    name: last.name,
    version: last.version,
    id: last.vulnerability_id,
    aliases: last.aliases,
    change,
    severity,
    ...(change === 'severity-changed' ? { previousSeverity } : {}),
    ...(last.fixed_version === null ? {} : { fixedVersion: last.fixed_version }),
    knownExploited: last.known_exploited,
  };
}

function severityOf(severity: Severity, packed: SourceSeverities | null, order: SeverityOrder): Severity {
  return ratedIn({ severity, ...(packed === null ? {} : { sourceSeverities: packed }) }, order).severity;
}

function wholeChange(
  noted: readonly ChangeRow[],
  last: ChangeRow,
  isRatedAnew: boolean,
): MatchChangeKind | undefined {
  const wasThere = noted[0]?.change !== 'added';
  const isThere = last.change !== 'removed';
  if (!wasThere) return isThere ? 'added' : undefined;
  if (!isThere) return 'removed';
  if (noted.some(({ change }) => change === 'known-exploited') && last.known_exploited)
    return 'known-exploited';
  if (isRatedAnew) return 'severity-changed';
  return noted.some(({ change }) => change === 'became-fixable') ? 'became-fixable' : undefined;
}
