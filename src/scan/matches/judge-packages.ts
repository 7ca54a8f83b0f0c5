import { setImmediate } from 'node:timers/promises';
import { type Candidate, readCandidates, readCandidatesOfRecords } from '../../advisories/candidates.ts';
import { type CveRatings, readCveRatings } from '../../advisories/cve-ratings.ts';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import type { Database } from '../../database/database.ts';
import { advisedNames } from '../../matching/installed-as.ts';
import type { Package } from '../../report/package.ts';
import { defaultSeverityOrder } from '../../report/severity-order.ts';
import { severityIn } from '../../report/source-severities.ts';
import { orderOf } from '../../versions/order-of.ts';
import type { MatchDetail, MatchDetails } from './match-details.ts';
import type { WantedMatches } from './match-differences.ts';
import { type MatchedVulnerability, PackageMatcher } from './match-package.ts';

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

/** What packages are judged by. */
export interface JudgingInputs {
  /** By ecosystem and normalised name of `advisedNames()`. */
  readonly candidates: ReadonlyMap<string, readonly Candidate[]>;
  readonly ratings: ReadonlyMap<string, CveRatings>;
  /** Undefined: every vulnerability. */
  readonly within: ReadonlySet<string> | undefined;
}

/** Whoever shares the process gets a turn after so long. */
const turnMs = 15;

/** What stands against packages of these names; with a scope, of that alone. */
export async function readJudgingInputs(
  db: Database,
  rows: readonly PackageRow[],
  scope?: MatchScope,
): Promise<JudgingInputs> {
  const named = namesOf(rows);
  const within = scope === undefined ? undefined : new Set(scope.vulnerabilityIds);
  const found =
    scope === undefined
      ? await readAllCandidates(db, named)
      : await readCandidatesOfRecords(db, scope.advisoryIds, named);
  const described = found.flatMap((candidate) => candidate.vulnerabilities);
  const ratings = await readCveRatings(
    db,
    described.flatMap(({ id, aliases }) => (within?.has(id) === false ? [] : [id, ...aliases])),
  );
  const candidates = Map.groupBy(found, ({ ecosystem, name }) => keyOf(ecosystem, name));
  return { candidates, ratings, within };
}

/** What the advisories say of packages; those that nothing stands against are absent. */
export async function judgePackages(
  rows: readonly PackageRow[],
  { candidates, ratings, within }: JudgingInputs,
  details: MatchDetails,
): Promise<WantedMatches> {
  const packages = rows.map((row) => ({ id: row.id, installed: packageOf(row) }));
  const wanted = new Map<number, readonly MatchDetail[]>();
  let turnEndsMs = performance.now() + turnMs;
  for (const own of Map.groupBy(packages, ({ installed }) => keysOf(installed).join('\n')).values()) {
    const [first] = own;
    if (first === undefined) continue;
    const named = keysOf(first.installed).flatMap((key) => candidates.get(key) ?? []);
    if (named.length === 0) continue;
    const order = orderOf(first.installed.ecosystem);
    const matcher = new PackageMatcher({
      candidates: named,
      ratings,
      order: order?.remembering?.() ?? order,
      within,
    });
    const known = new Map<MatchedVulnerability, MatchDetail>();
    for (const { id, installed } of own) {
      const matches = matcher.match(installed);
      if (matches.length > 0)
        wanted.set(
          id,
          matches.map((match) => known.get(match) ?? remember(known, match, details)),
        );
      if (performance.now() < turnEndsMs) continue;
      await setImmediate();
      turnEndsMs = performance.now() + turnMs;
    }
  }
  return wanted;
}

function remember(
  known: Map<MatchedVulnerability, MatchDetail>,
  match: MatchedVulnerability,
  details: MatchDetails,
): MatchDetail {
  const detail = details.of({
    vulnerability_id: match.id,
    advisory_id: match.record,
    status: match.undetermined ? 'undetermined' : 'affected',
    aliases: match.aliases,
    severity: severityIn(match.sourceSeverities, defaultSeverityOrder),
    source_severities: match.sourceSeverities,
    fixed_version: match.fixedVersion ?? null,
    fix_state: match.fixState,
  });
  known.set(match, detail);
  return detail;
}

function packageOf({ source_name, source_version, ...row }: PackageRow): Package {
  return { ...row, sourceName: source_name, sourceVersion: source_version };
}

/** Each name once, as advisories speak of it. */
function namesOf(
  rows: readonly PackageRow[],
): readonly { readonly ecosystem: string; readonly name: string }[] {
  const named = new Map<string, { readonly ecosystem: string; readonly name: string }>();
  for (const row of rows)
    for (const advised of advisedNames(packageOf(row))) {
      const name = normalisePackageName(row.ecosystem, advised);
      named.set(keyOf(row.ecosystem, name), { ecosystem: row.ecosystem, name });
    }
  return [...named.values()];
}

/** One query per ecosystem. */
async function readAllCandidates(
  db: Database,
  named: readonly { readonly ecosystem: string; readonly name: string }[],
): Promise<readonly Candidate[]> {
  const found: (readonly Candidate[])[] = [];
  for (const [ecosystem, own] of Map.groupBy(named, (one) => one.ecosystem))
    found.push(await readCandidates(db, { ecosystem, names: own.map(({ name }) => name) }));
  return found.flat();
}

function keysOf(installed: Package): readonly string[] {
  const { ecosystem } = installed;
  return advisedNames(installed).map((name) => keyOf(ecosystem, normalisePackageName(ecosystem, name)));
}

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\n${name}`;
}
