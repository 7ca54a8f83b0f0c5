import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { ratedIn } from '../../report/rated-in-order.ts';
import type { Severity } from '../../report/severity.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../../report/severity-order.ts';
import type { SourceSeverities } from '../../report/source-severities.ts';
import { intArray } from './int-array.ts';
import type { NotedChange } from './match-differences.ts';
import { matchesOfCves } from './match-scope.ts';
import { fixOf, type StoredFix } from './stored-fix.ts';

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
  /** Of which `fixedVersion` is a version, where the package is numbered otherwise. */
  readonly fixedSource?: string;
  readonly knownExploited: boolean;
}

/** Keeps what became of matches; `tell` where somebody asks, for `takeMatchChanges()`. */
export async function noteMatchChanges(
  transaction: Transaction<Tables>,
  noted: readonly NotedChange[],
  options: { readonly tell: boolean },
): Promise<void> {
  if (noted.length === 0) return;
  // Many packages share what became of a vulnerability: only the first of them brings its words.
  const kinds = new Map<string, { readonly nth: number; readonly kind: NotedKind }>();
  const nthOf = ({ detail, change, before }: NotedChange): number => {
    const rated = [detail.severity, detail.source_severities, before?.severity, before?.source_severities];
    const key = [detail.vulnerability_id, change, ...rated].join('\0');
    const known = kinds.get(key);
    if (known !== undefined) return known.nth;
    const nth = kinds.size + 1;
    const kind = {
      nth,
      vulnerability_id: detail.vulnerability_id,
      change,
      severity: detail.severity,
      source_severities: detail.source_severities,
      previous_severity: before?.severity ?? null,
      previous_source_severities: before?.source_severities ?? null,
    };
    kinds.set(key, { nth, kind });
    return nth;
  };
  const nths = noted.map(nthOf);
  await sql`
    insert into match_change (package_id, vulnerability_id, change, severity, source_severities, previous_severity,
      previous_source_severities, untold)
    select n.package_id, k.vulnerability_id, k.change, k.severity, k.source_severities, k.previous_severity,
      k.previous_source_severities, ${options.tell}
    from unnest(${intArray(noted.map(({ packageId }) => packageId))}::int[], ${intArray(nths)}::int[]) as n (package_id, nth)
    join jsonb_to_recordset(${JSON.stringify(Array.from(kinds.values(), ({ kind }) => kind))}::jsonb) as k (
      nth int, vulnerability_id text, change text, severity text, source_severities int, previous_severity text,
      previous_source_severities int)
      using (nth)
    order by 1, 2, 3`.execute(transaction);
}

/** What became of a vulnerability, whatever the package. */
interface NotedKind {
  readonly nth: number;
  readonly vulnerability_id: string;
  readonly change: MatchChangeKind;
  readonly severity: string;
  readonly source_severities: number | null;
  readonly previous_severity: string | null;
  readonly previous_source_severities: number | null;
}

/** CVEs on CISA's list whose matches `noteExploited()` has noted: what gets such a CVE later is noted by itself. */
export async function followedExploits(transaction: Transaction<Tables>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ cve: string }>`
    select cve from known_exploited where followed_at is not null`.execute(transaction);
  return new Set(rows.map(({ cve }) => cve));
}

/** Follows CVEs that were newly listed as exploited, and keeps which matches they are as `noteMatchChanges()` does. */
export async function noteExploited(
  transaction: Transaction<Tables>,
  options: { readonly tell: boolean },
): Promise<void> {
  const { rows } = await sql<{ cve: string }>`
    update known_exploited set followed_at = now() where followed_at is null returning cve`.execute(
    transaction,
  );
  if (rows.length === 0) return;
  await sql`
    insert into match_change (package_id, vulnerability_id, change, untold)
    select package_id, vulnerability_id, 'known-exploited', ${options.tell}
    from (${matchesOfCves(rows.map(({ cve }) => cve))}) as listed
    join package_match using (package_id, vulnerability_id) where status = 'affected'
    order by 1, 2`.execute(transaction);
}

interface ChangeRow extends StoredFix {
  readonly noted_id: number;
  readonly package_id: number;
  readonly name: string;
  readonly vulnerability_id: string;
  readonly aliases: readonly string[];
  readonly change: MatchChangeKind;
  readonly severity: Severity;
  readonly source_severities: SourceSeverities | null;
  readonly previous_severity: Severity | null;
  readonly previous_source_severities: SourceSeverities | null;
  readonly known_exploited: boolean;
}

/** What was noted of one match, oldest first, with the match as it is now. */
export interface MatchHistory {
  readonly packageId: number;
  readonly noted: readonly ChangeRow[];
}

/** Takes what was noted to be told: nobody is told again when the transaction commits. `changeIn()` tells what it comes to. */
export async function takeMatchChanges(transaction: Transaction<Tables>): Promise<readonly MatchHistory[]> {
  const { rows } = await sql<ChangeRow>`
    with taken as (update match_change set untold = false where untold returning *)
    select c.id as noted_id, c.package_id, p.ecosystem, p.name, p.version, p.source_name, p.source_version,
      c.vulnerability_id, m.aliases, c.change,
      m.severity, m.source_severities, c.previous_severity, c.previous_source_severities, m.fixed_version,
      m.vulnerability_id in (select cve from known_exploited) or exists (
        select from unnest(m.aliases) as own (id) where own.id in (select cve from known_exploited)) as known_exploited
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
    ...fixOf(last),
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
