import type { Candidate } from '../advisories/candidates.ts';
import type { CveRatings } from '../advisories/cve-ratings.ts';
import { isDistributionEcosystem } from '../advisories/distribution-ecosystems.ts';
import type { AffectedPackage } from '../matching/advisory.ts';
import { advisedAs, streamStanding } from '../matching/installed-as.ts';
import { type Match, matchAffected, mergeAffected } from '../matching/match-affected.ts';
import type { FixState } from '../report/finding.ts';
import type { Package } from '../report/package.ts';
import type { SeverityRating } from '../report/severity.ts';
import { packSeverities, type SourceSeverities } from '../report/source-severities.ts';
import { orderOf } from '../versions/order-of.ts';
import type { VersionOrder } from '../versions/version-order.ts';

/** A vulnerability that a package has, or may have. */
export interface MatchedVulnerability {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly record: string;
  /** What each source says of it, its CVEs' records included. */
  readonly sourceSeverities: SourceSeverities;
  readonly fixedVersion?: string;
  readonly fixState: FixState;
  readonly undetermined: boolean;
}

/** One record's answer for the package. */
interface RecordMatch {
  readonly record: string;
  readonly vulnerabilities: Candidate['vulnerabilities'];
  readonly affected: AffectedPackage;
  readonly fixState: FixState;
  readonly ratings: readonly SeverityRating[];
  readonly match: Exclude<Match, { kind: 'not-affected' }>;
}

/**
 * What the advisories that name a package's source say of it. Records that describe the same vulnerability are one:
 * affected when one of them says so, fixed by the lowest version that none of them affects.
 */
export function matchPackage(options: {
  readonly package: Package;
  /** Advisories of the ecosystem and the name by `advisedAs()`, of any release, ordered by record. */
  readonly candidates: readonly Candidate[];
  readonly ratings: ReadonlyMap<string, CveRatings>;
  /** The order of the package's versions; by default that of its ecosystem. */
  readonly order?: VersionOrder | undefined;
}): readonly MatchedVulnerability[] {
  const { package: installed, candidates, ratings } = options;
  const order = options.order ?? orderOf(installed.ecosystem);
  const ofRelease = candidates.filter(
    (candidate) =>
      isOfRelease(candidate, installed) && streamStanding(candidate.affected, installed) !== 'other',
  );
  const byId = new Map<string, { records: RecordMatch[]; aliases: Set<string> }>();
  for (const statements of Map.groupBy(ofRelease, ({ advisoryId }) => advisoryId).values()) {
    const record = matchRecord(installed, statements, order);
    if (record === undefined) continue;
    for (const { id, aliases } of record.vulnerabilities) {
      const known = byId.get(id) ?? { records: [], aliases: new Set() };
      known.records.push(record);
      for (const alias of [record.record, ...aliases]) if (alias !== id) known.aliases.add(alias);
      byId.set(id, known);
    }
  }
  return [...byId].map(([id, { records, aliases }]) =>
    vulnerabilityOf({ id, aliases: [...aliases].sort(), records, order, ratings }),
  );
}

/**
 * What stands after the colon of a language's ecosystem is no release but a repository (`Packagist:https://packages.drupal.org/8`);
 * where a package came from is not recorded, and its name is taken for the same in all of them.
 */
function isOfRelease({ release, ecosystem }: Candidate, installed: Package): boolean {
  return release === '' || release === installed.release || !isDistributionEcosystem(ecosystem);
}

function matchRecord(
  installed: Package,
  statements: readonly Candidate[],
  order: VersionOrder | undefined,
): RecordMatch | undefined {
  const [first] = statements;
  if (first === undefined) return undefined;
  const affected = mergeAffected(statements.map((statement) => statement.affected));
  const answer: Match =
    order === undefined
      ? { kind: 'undetermined', reason: `the order of ${installed.ecosystem} versions is not known` }
      : matchAffected({ version: advisedAs(installed).version, affected, order });
  if (answer.kind === 'not-affected') return undefined;
  const isSureOfStream = statements.every(
    (statement) => streamStanding(statement.affected, installed) === 'same',
  );
  const match: RecordMatch['match'] = isSureOfStream
    ? answer
    : { kind: 'undetermined', reason: 'the stream of its module is not known' };
  const given = statements
    .map((statement) => statement.affected.fixState)
    .find((state) => state !== undefined);
  return {
    record: first.advisoryId,
    vulnerabilities: first.vulnerabilities,
    affected,
    fixState: given ?? 'not-fixed',
    ratings: statements.flatMap((statement) => statement.ratings),
    match,
  };
}

function vulnerabilityOf(options: {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly records: readonly RecordMatch[];
  readonly order: VersionOrder | undefined;
  readonly ratings: ReadonlyMap<string, CveRatings>;
}): MatchedVulnerability {
  const { id, aliases, order, ratings } = options;
  const sure = options.records.filter(({ match }) => match.kind === 'affected');
  const records = sure.length > 0 ? sure : options.records;
  const fixedVersion = order === undefined ? undefined : commonFix(records, order);
  const fixState = records.map((record) => record.fixState).find((state) => state !== 'not-fixed');
  return {
    id,
    aliases,
    record: records[0]?.record ?? id,
    sourceSeverities: packSeverities([
      ...options.records.flatMap((record) => record.ratings),
      ...[id, ...aliases].flatMap((one) => ratings.get(one)?.ratings ?? []),
    ]),
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    fixState: fixedVersion === undefined ? (fixState ?? 'not-fixed') : 'fixed',
    undetermined: sure.length === 0,
  };
}

/** The lowest of the records' fixes that none of them affects. */
function commonFix(records: readonly RecordMatch[], order: VersionOrder): string | undefined {
  const fixes = records.flatMap(({ match }) =>
    match.kind === 'affected' && match.fixedVersion !== undefined ? [match.fixedVersion] : [],
  );
  return fixes
    .toSorted((a, b) => ({ less: -1, greater: 1, equal: 0, undetermined: 0 })[order.compare(a, b)])
    .find((version) =>
      records.every(({ affected }) => matchAffected({ version, affected, order }).kind === 'not-affected'),
    );
}
