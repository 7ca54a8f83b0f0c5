import { sql, type Transaction } from 'kysely';
import { type Candidate, readCandidates } from '../advisories/candidates.ts';
import { readCveRatings } from '../advisories/cve-ratings.ts';
import { normalisePackageName } from '../advisories/package-name.ts';
import type { MatchCounts } from '../advisories/update-effects.ts';
import type { Tables } from '../database/tables.ts';
import { advisedAs } from '../matching/installed-as.ts';
import type { Package } from '../report/package.ts';
import { defaultSeverityOrder } from '../report/severity-order.ts';
import { severityIn } from '../report/source-severities.ts';
import { countMatchChanges, noteMatchChanges } from './match-changes.ts';
import { lockMatching } from './match-lock.ts';
import { type MatchedVulnerability, matchPackage } from './match-package.ts';
import { matchingVersion } from './matching-version.ts';

interface PackageRow extends Omit<Package, 'sourceName' | 'sourceVersion'> {
  readonly id: number;
  readonly source_name: string;
  readonly source_version: string;
}

interface MatchRow {
  readonly package_id: number;
  readonly vulnerability_id: string;
  readonly advisory_id: string;
  readonly status: string;
  readonly aliases: readonly string[];
  readonly severity: string;
  readonly source_severities: number;
  readonly fixed_version: string | null;
  readonly fix_state: string;
}

/** What `matchPackages()` came to. */
export interface MatchedAnew {
  /** Packages whose matches changed. */
  readonly changedIds: ReadonlySet<number>;
  /** Of packages that were matched before; empty with `onlyNew`. */
  readonly ecosystems: ReadonlyMap<string, MatchCounts>;
}

/**
 * Matches packages against the advisories held now and stores what differs: `first_seen_at` of a known match stays, one
 * that is gone is resolved, not deleted. `onlyNew` leaves those alone that were matched before; `noteChanges` keeps what
 * changed for `takeMatchChanges()`.
 */
export async function matchPackages(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  options: { readonly onlyNew: boolean; readonly noteChanges?: boolean },
): Promise<MatchedAnew> {
  await lockMatching(transaction);
  // In order, so that two scans of like images wait for one another; the second then finds them matched.
  const { rows } = await sql<PackageRow>`
    select id, ecosystem, release, name, version, source_name, source_version, module from package
    where id = any(${packageIds}::int[]) and (matched_at is null or not ${options.onlyNew})
    order by id for update`.execute(transaction);
  if (rows.length === 0) return { changedIds: new Set(), ecosystems: new Map() };
  const packages = rows.map((row) => ({ id: row.id, installed: packageOf(row) }));
  const candidates = await readCandidatesOf(
    transaction,
    packages.map(({ installed }) => installed),
  );
  const vulnerabilities = [...candidates.values()].flat().flatMap((candidate) => candidate.vulnerabilities);
  const ratings = await readCveRatings(
    transaction,
    vulnerabilities.flatMap(({ id, aliases }) => [id, ...aliases]),
  );
  const matches = packages.flatMap(({ id, installed }) =>
    matchPackage({
      package: installed,
      candidates: candidates.get(keyOf(installed.ecosystem, advisedAs(installed).name)) ?? [],
      ratings,
    }).map((match) => rowOf(id, match)),
  );
  const ids = packages.map(({ id }) => id);
  const ecosystems = options.onlyNew
    ? new Map<string, MatchCounts>()
    : await countMatchChanges(transaction, ids, asRecords(matches));
  if (options.noteChanges === true) await noteMatchChanges(transaction, ids, asRecords(matches));
  return { changedIds: await storeMatches(transaction, ids, matches), ecosystems };
}

function packageOf({ source_name, source_version, ...row }: PackageRow): Package {
  return { ...row, sourceName: source_name, sourceVersion: source_version };
}

/** By ecosystem and normalised name of `advisedAs()`: one query per ecosystem. */
async function readCandidatesOf(
  transaction: Transaction<Tables>,
  packages: readonly Package[],
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const byName = new Map<string, Candidate[]>();
  for (const [ecosystem, installed] of Map.groupBy(packages, (one) => one.ecosystem)) {
    const names = [...new Set(installed.map((one) => advisedAs(one).name))];
    for (const candidate of await readCandidates(transaction, { ecosystem, names })) {
      const key = keyOf(ecosystem, candidate.name);
      const known = byName.get(key);
      if (known === undefined) byName.set(key, [candidate]);
      else known.push(candidate);
    }
  }
  return byName;
}

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\n${normalisePackageName(ecosystem, name)}`;
}

function rowOf(packageId: number, match: MatchedVulnerability): MatchRow {
  return {
    package_id: packageId,
    vulnerability_id: match.id,
    advisory_id: match.record,
    status: match.undetermined ? 'undetermined' : 'affected',
    aliases: match.aliases,
    severity: severityIn(match.sourceSeverities, defaultSeverityOrder),
    source_severities: match.sourceSeverities,
    fixed_version: match.fixedVersion ?? null,
    fix_state: match.fixState,
  };
}

/** The matches as a table `w`. */
function asRecords(matches: readonly MatchRow[]) {
  return sql`jsonb_to_recordset(${JSON.stringify(matches)}::jsonb) as w (
    package_id int, vulnerability_id text, advisory_id text, status text, aliases text[], severity text,
    source_severities int, fixed_version text, fix_state text)`;
}

async function storeMatches(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  matches: readonly MatchRow[],
): Promise<ReadonlySet<number>> {
  const wanted = asRecords(matches);
  const written = await sql<{ package_id: number }>`
    insert into package_match as m
      (package_id, vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
       fix_state)
    select * from ${wanted} order by package_id, vulnerability_id
    on conflict (package_id, vulnerability_id) do update set
      advisory_id = excluded.advisory_id, status = excluded.status, aliases = excluded.aliases,
      severity = excluded.severity, source_severities = excluded.source_severities,
      fixed_version = excluded.fixed_version, fix_state = excluded.fix_state,
      resolved_at = null
    where m.resolved_at is not null
      or (m.advisory_id, m.status, m.aliases, m.severity, m.source_severities, m.fixed_version, m.fix_state) is distinct from
         (excluded.advisory_id, excluded.status, excluded.aliases, excluded.severity, excluded.source_severities,
          excluded.fixed_version, excluded.fix_state)
    returning m.package_id`.execute(transaction);
  const resolved = await sql<{ package_id: number }>`
    update package_match m set resolved_at = now()
    where m.package_id = any(${packageIds}::int[]) and m.resolved_at is null
      and (m.package_id, m.vulnerability_id) not in (select package_id, vulnerability_id from ${wanted})
    returning m.package_id`.execute(transaction);
  await sql`
    update package set matched_at = now(), matching_version = ${matchingVersion}
    where id = any(${packageIds}::int[])`.execute(transaction);
  return new Set([...written.rows, ...resolved.rows].map((row) => row.package_id));
}
