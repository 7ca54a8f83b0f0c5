import { sql, type Transaction } from 'kysely';
import { type Candidate, readCandidates } from '../../advisories/candidates.ts';
import { readCveRatings } from '../../advisories/cve-ratings.ts';
import type { MatchCounts } from '../../advisories/feeds/update-effects.ts';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import type { Tables } from '../../database/tables.ts';
import { advisedNames } from '../../matching/installed-as.ts';
import type { Package } from '../../report/package.ts';
import { defaultSeverityOrder } from '../../report/severity-order.ts';
import { severityIn } from '../../report/source-severities.ts';
import { orderOf } from '../../versions/order-of.ts';
import { rememberingOrder } from '../../versions/remembering-order.ts';
import { noteMatchChanges } from './match-changes.ts';
import {
  countByEcosystem,
  differencesOf,
  type HeldMatch,
  type MatchDifferences,
  type MatchRow,
} from './match-differences.ts';
import { lockMatching } from './match-lock.ts';
import { type MatchedVulnerability, matchPackage } from './match-package.ts';
import { matchingVersion } from './matching-version.ts';
import { addToCounts } from './package-counts.ts';

/** A row of `package`. */
export interface PackageRow extends Omit<Package, 'sourceName' | 'sourceVersion'> {
  readonly id: number;
  readonly source_name: string;
  readonly source_version: string;
}

/** A part of what is known of packages: what shares a vulnerability with advisories that changed. */
export interface MatchScope {
  /** Ids that matches are stored under; no others are looked at or changed. */
  readonly vulnerabilityIds: readonly string[];
  /** Every record that describes one of them. */
  readonly advisoryIds: readonly string[];
}

/** Rows of one statement: PostgreSQL takes 256 MB of them as JSON, and packages of a kernel have thousands each. */
const rowsAtOnce = 20_000;

/** What `matchPackages()` came to. */
export interface MatchedAnew {
  /** Packages whose matches changed. */
  readonly changedIds: ReadonlySet<number>;
  /** Of packages that were matched before; empty with `onlyNew`. */
  readonly ecosystems: ReadonlyMap<string, MatchCounts>;
}

/**
 * Matches packages against the advisories held now and stores what differs: `first_seen_at` of a known match stays, one
 * that is gone is resolved, not deleted. `onlyNew` leaves those alone that were matched before; `scope` leaves everything
 * alone that it does not name, and packages that were never matched. What became of a package that was matched before is
 * kept; with `tell` for `takeMatchChanges()`, too.
 */
export async function matchPackages(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  options: { readonly onlyNew: boolean; readonly scope?: MatchScope; readonly tell?: boolean },
): Promise<MatchedAnew> {
  const { onlyNew, scope } = options;
  await lockMatching(transaction);
  // In order, so that two scans of like images wait for one another; the second then finds them matched.
  const { rows } = await sql<PackageRow>`
    select id, ecosystem, release, name, version, source_name, source_version, module from package
    where id = any(${packageIds}::int[]) and (matched_at is null or not ${onlyNew})
      and (matched_at is not null or ${scope === undefined})
    order by id for update`.execute(transaction);
  if (rows.length === 0) return { changedIds: new Set(), ecosystems: new Map() };
  const ids = rows.map(({ id }) => id);
  const wanted = await matchRows(transaction, rows, scope);
  const differences = differencesOf(wanted, await readHeld(transaction, ids, scope));
  if (!onlyNew) await noteMatchChanges(transaction, differences.noted, { tell: options.tell ?? false });
  await storeDifferences(transaction, differences);
  await addToCounts(transaction, differences);
  const changedIds = new Set([...differences.written, ...differences.resolved].map((row) => row.package_id));
  if (scope === undefined) await markMatched(transaction, ids);
  return {
    changedIds,
    ecosystems: onlyNew ? new Map() : countByEcosystem(rows, differences),
  };
}

/** What the advisories held now say of stored packages; nothing is written. */
export async function matchRows(
  transaction: Transaction<Tables>,
  rows: readonly PackageRow[],
  scope?: MatchScope,
): Promise<readonly MatchRow[]> {
  const packages = rows.map((row) => ({ id: row.id, installed: packageOf(row) }));
  const candidates = await readCandidatesOf(
    transaction,
    packages.map(({ installed }) => installed),
    scope?.advisoryIds,
  );
  const vulnerabilities = [...candidates.values()].flat().flatMap((candidate) => candidate.vulnerabilities);
  const ratings = await readCveRatings(
    transaction,
    vulnerabilities.flatMap(({ id, aliases }) => [id, ...aliases]),
  );
  const within = scope === undefined ? undefined : new Set(scope.vulnerabilityIds);
  const matches: MatchRow[] = [];
  for (const own of Map.groupBy(packages, ({ installed }) => keysOf(installed).join('\n')).values()) {
    const [first] = own;
    if (first === undefined) continue;
    const named = keysOf(first.installed).flatMap((key) => candidates.get(key) ?? []);
    const order = orderOf(first.installed.ecosystem);
    const remembering = order === undefined ? undefined : rememberingOrder(order);
    for (const { id, installed } of own)
      for (const match of matchPackage({
        package: installed,
        candidates: named,
        ratings,
        order: remembering,
      }))
        if (within?.has(match.id) !== false) matches.push(rowOf(id, match));
  }
  return matches;
}

function packageOf({ source_name, source_version, ...row }: PackageRow): Package {
  return { ...row, sourceName: source_name, sourceVersion: source_version };
}

/** By ecosystem and normalised name of `advisedNames()`: one query per ecosystem. */
async function readCandidatesOf(
  transaction: Transaction<Tables>,
  packages: readonly Package[],
  advisoryIds: readonly string[] | undefined,
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const byName = new Map<string, Candidate[]>();
  for (const [ecosystem, installed] of Map.groupBy(packages, (one) => one.ecosystem)) {
    const names = [...new Set(installed.flatMap(advisedNames))];
    const query = { ecosystem, names, ...(advisoryIds === undefined ? {} : { advisoryIds }) };
    for (const candidate of await readCandidates(transaction, query)) {
      const key = keyOf(ecosystem, candidate.name);
      const known = byName.get(key);
      if (known === undefined) byName.set(key, [candidate]);
      else known.push(candidate);
    }
  }
  return byName;
}

function keysOf(installed: Package): readonly string[] {
  return advisedNames(installed).map((name) => keyOf(installed.ecosystem, name));
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

async function readHeld(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  scope: MatchScope | undefined,
): Promise<readonly HeldMatch[]> {
  const inScope =
    scope === undefined ? sql`` : sql`and vulnerability_id = any(${scope.vulnerabilityIds}::text[])`;
  const { rows } = await sql<HeldMatch>`
    select package_id, vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
      fix_state, resolved_at is not null as resolved
    from package_match where package_id = any(${packageIds}::int[]) ${inScope}`.execute(transaction);
  return rows;
}

/** Rows that are as they were stay untouched: a feed that says nothing new writes nothing. */
async function storeDifferences(
  transaction: Transaction<Tables>,
  { written, resolved }: MatchDifferences,
): Promise<void> {
  for (let start = 0; start < written.length; start += rowsAtOnce)
    await writeMatches(transaction, written.slice(start, start + rowsAtOnce));
  if (resolved.length > 0)
    await sql`
      update package_match m set resolved_at = now()
      from unnest(${resolved.map((row) => row.package_id)}::int[],
        ${resolved.map((row) => row.vulnerability_id)}::text[]) as gone (package_id, vulnerability_id)
      where m.package_id = gone.package_id and m.vulnerability_id = gone.vulnerability_id`.execute(
      transaction,
    );
}

async function writeMatches(transaction: Transaction<Tables>, rows: readonly MatchRow[]): Promise<void> {
  await sql`
    insert into package_match as m
      (package_id, vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
       fix_state)
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as w (
      package_id int, vulnerability_id text, advisory_id text, status text, aliases text[], severity text,
      source_severities int, fixed_version text, fix_state text)
    order by package_id, vulnerability_id
    on conflict (package_id, vulnerability_id) do update set
      advisory_id = excluded.advisory_id, status = excluded.status, aliases = excluded.aliases,
      severity = excluded.severity, source_severities = excluded.source_severities,
      fixed_version = excluded.fixed_version, fix_state = excluded.fix_state,
      resolved_at = null`.execute(transaction);
}

async function markMatched(transaction: Transaction<Tables>, packageIds: readonly number[]): Promise<void> {
  await sql`
    update package set matched_at = now(), matching_version = ${matchingVersion}
    where id = any(${packageIds}::int[]) and (matched_at is null or matching_version <> ${matchingVersion})`.execute(
    transaction,
  );
}
