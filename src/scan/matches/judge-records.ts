import type { Candidate } from '../../advisories/candidates.ts';
import { isDistributionEcosystem } from '../../advisories/osv/distribution-ecosystems.ts';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import type { AffectedPackage } from '../../matching/advisory.ts';
import { advisedNames, advisedVersion } from '../../matching/installed-as.ts';
import { type Match, matchAffected, mergeAffected } from '../../matching/match-affected.ts';
import {
  keptMinorRelease,
  type StatementStanding,
  statementStanding,
  streamStanding,
} from '../../matching/statement-standing.ts';
import type { Package } from '../../report/package.ts';
import type { VersionOrder } from '../../versions/version-order.ts';

/** One record's answer for a package that it affects, or may affect. */
export interface RecordJudgement {
  readonly record: string;
  readonly vulnerabilities: Candidate['vulnerabilities'];
  /** What it says of the package; all under one name. */
  readonly statements: readonly Candidate[];
  /** The same as one statement. */
  readonly affected: AffectedPackage;
  /** What was compared: of the source package where the record speaks of those. */
  readonly version: string;
  readonly match: Exclude<Match, { kind: 'not-affected' }>;
}

/** What records say of packages of one release, by record. */
export type StatementsByRecord = ReadonlyMap<string, readonly Candidate[]>;

/** Of candidates of any release, in their order. */
export function statementsOfRelease(
  candidates: readonly Candidate[],
  installed: Package,
): StatementsByRecord {
  return Map.groupBy(
    candidates.filter((candidate) => isOfRelease(candidate, installed)),
    ({ advisoryId }) => advisoryId,
  );
}

/** What each of the records that name a package says of it; those that do not affect it are left out. */
export function judgeRecords(question: {
  readonly package: Package;
  /** By `statementsOfRelease()`: of the ecosystem and of the names by `advisedNames()`. */
  readonly statements: StatementsByRecord;
  /** Undefined where there is none for the ecosystem. */
  readonly order: VersionOrder | undefined;
}): readonly RecordJudgement[] {
  const { package: installed, statements: ofRelease, order } = question;
  const kept = vulnerabilitiesFixedInMinorRelease(installed, ofRelease, order);
  const names = advisedNames(installed).map((name) => normalisePackageName(installed.ecosystem, name));
  return [...ofRelease.values()].flatMap((statements) => {
    const judged = judgeRecord({ installed, names, statements, order });
    if (judged === undefined || judged.match.kind === 'undetermined') return judged ?? [];
    const minor = judged.vulnerabilities.map(({ id }) => kept.get(id)).find((one) => one !== undefined);
    if (minor === undefined) return judged;
    const reason = `it is fixed in the minor release ${minor}, of which the package may be a build`;
    return { ...judged, match: { kind: 'undetermined', reason } };
  });
}

/**
 * What stands after the colon of a language's ecosystem is no release but a repository (`Packagist:https://packages.drupal.org/8`);
 * where a package came from is not recorded, and its name is taken for the same in all of them.
 */
function isOfRelease({ release, ecosystem }: Candidate, installed: Package): boolean {
  return release === '' || release === installed.release || !isDistributionEcosystem(ecosystem);
}

interface RecordQuestion {
  readonly installed: Package;
  /** Its `advisedNames()`, normalised. */
  readonly names: readonly string[];
  /** All that the record says under these. */
  readonly statements: readonly Candidate[];
  readonly order: VersionOrder | undefined;
}

interface ChosenStatement {
  readonly statement: Candidate;
  readonly standing: Extract<StatementStanding, { kind: 'own' }>;
  readonly rank: number;
}

/** Those of one record that count most: of the build that is installed, by the name that it is installed under. */
function chooseStatements({
  installed,
  names,
  statements,
}: Omit<RecordQuestion, 'order'>): readonly ChosenStatement[] {
  const standing = statements.flatMap((statement) => {
    const found = statementStanding(statement.affected, installed);
    if (found.kind === 'other') return [];
    const rank = found.rank * names.length + names.indexOf(statement.name);
    return [{ statement, standing: found, rank }];
  });
  if (standing.length === 1) return standing;
  const lowest = Math.min(...standing.map(({ rank }) => rank));
  return standing.filter(({ rank }) => rank === lowest);
}

function judgeRecord({ order, ...question }: RecordQuestion): RecordJudgement | undefined {
  const { installed } = question;
  const chosen = chooseStatements(question);
  const [first] = chosen;
  if (first === undefined) return undefined;
  const statements = chosen.map(({ statement }) => statement);
  const affected = mergeAffected(statements.map((statement) => statement.affected));
  const version = advisedVersion(installed, first.statement.name, affected);
  const answer = answerOf({ installed, version, affected, order });
  const doubting = chosen.map(({ standing }) => standing).find(({ doubt }) => doubt !== undefined);
  if (answer.kind === 'not-affected' && doubting?.isIncomparable !== true) return undefined;
  const { advisoryId: record, vulnerabilities } = first.statement;
  const known = {
    record,
    vulnerabilities,
    statements,
    affected,
    version: version ?? installed.sourceVersion,
  };
  if (answer.kind === 'not-affected' || doubting?.doubt !== undefined) {
    return { ...known, match: { kind: 'undetermined', reason: doubting?.doubt ?? '' } };
  }
  const isHidden = chosen.every(({ standing }) => standing.hidesFix === true);
  return { ...known, match: isHidden && answer.kind === 'affected' ? { kind: 'affected' } : answer };
}

function answerOf(question: {
  readonly installed: Package;
  readonly version: string | undefined;
  readonly affected: AffectedPackage;
  readonly order: VersionOrder | undefined;
}): Match {
  const { installed, version, affected, order } = question;
  if (order === undefined) {
    return { kind: 'undetermined', reason: `the order of ${installed.ecosystem} versions is not known` };
  }
  if (version === undefined) {
    return { kind: 'undetermined', reason: `the epoch of its source ${installed.sourceName} is not known` };
  }
  return matchAffected({ version, affected, order });
}

/**
 * Red Hat keeps some minor releases alive and fixes them apart, under lower versions than the release after them. By
 * vulnerability: the minor release that the package was built for, where an advisory says that the package has its fix.
 */
function vulnerabilitiesFixedInMinorRelease(
  installed: Package,
  ofRelease: StatementsByRecord,
  order: VersionOrder | undefined,
): ReadonlyMap<string, string> {
  const fixed = new Map<string, string>();
  if (installed.ecosystem !== 'Red Hat' || order === undefined) return fixed;
  for (const { name, affected, vulnerabilities } of [...ofRelease.values()].flat()) {
    const minor = keptMinorRelease(affected);
    if (minor === undefined || !installed.version.includes(`.${minor}`)) continue;
    if (streamStanding(affected, installed) !== 'same') continue;
    const version = advisedVersion(installed, name, affected);
    if (version === undefined || matchAffected({ version, affected, order }).kind !== 'not-affected')
      continue;
    for (const { id } of vulnerabilities) fixed.set(id, minor);
  }
  return fixed;
}
