import type { Candidate } from '../../advisories/candidates.ts';
import type { CveRatings } from '../../advisories/cve-ratings.ts';
import { matchAffected } from '../../matching/match-affected.ts';
import type { FixState } from '../../report/finding.ts';
import type { Package } from '../../report/package.ts';
import { packSeverities, type SourceSeverities } from '../../report/source-severities.ts';
import { orderOf } from '../../versions/order-of.ts';
import type { VersionOrder } from '../../versions/version-order.ts';
import {
  judgeRecords,
  type RecordJudgement,
  type StatementsByRecord,
  statementsOfRelease,
} from './judge-records.ts';

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

interface MatcherOptions {
  /** Advisories of the ecosystem and of the names by `advisedNames()`, of any release, ordered by record. */
  readonly candidates: readonly Candidate[];
  readonly ratings: ReadonlyMap<string, CveRatings>;
  /** Of the ecosystem's versions; undefined where there is none. */
  readonly order: VersionOrder | undefined;
  /** Only these vulnerabilities; absent: all. */
  readonly within?: ReadonlySet<string> | undefined;
}

/** `PackageMatcher` for one package. */
export function matchPackage(
  options: Pick<MatcherOptions, 'candidates' | 'ratings'> & {
    readonly package: Package;
    /** The order of the package's versions; by default that of its ecosystem. */
    readonly order?: VersionOrder | undefined;
  },
): readonly MatchedVulnerability[] {
  const own = orderOf(options.package.ecosystem);
  const order = options.order ?? own?.remembering?.() ?? own;
  return new PackageMatcher({ ...options, order }).match(options.package);
}

/**
 * What the advisories that name packages of one name, or their sources, say of each of them. Records that describe the same
 * vulnerability are one: affected when one of them says so, fixed by the lowest version that none of them affects. Packages of
 * which the same records say the same have the very same object.
 */
export class PackageMatcher {
  readonly #options: MatcherOptions;
  readonly #statements = new Map<string, StatementsByRecord>();
  readonly #numbers = new Map<Candidate, number>();
  readonly #known = new Map<string, MatchedVulnerability>();

  constructor(options: MatcherOptions) {
    this.#options = options;
    for (const [index, candidate] of options.candidates.entries()) this.#numbers.set(candidate, index);
  }

  match(installed: Package): readonly MatchedVulnerability[] {
    const { order, within } = this.#options;
    const byId = new Map<string, { key: string; readonly records: RecordJudgement[] }>();
    for (const record of judgeRecords({
      package: installed,
      statements: this.#statementsOf(installed),
      order,
    })) {
      const key = this.#keyOf(record);
      for (const { id } of record.vulnerabilities) {
        if (within?.has(id) === false) continue;
        const known = byId.get(id);
        if (known === undefined) byId.set(id, { key: `${id} ${key}`, records: [record] });
        else {
          known.key += key;
          known.records.push(record);
        }
      }
    }
    return Array.from(byId, ([id, { key, records }]) => {
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const made = vulnerabilityOf(id, records, this.#options);
      this.#known.set(key, made);
      return made;
    });
  }

  #statementsOf(installed: Package): StatementsByRecord {
    const known = this.#statements.get(installed.release);
    if (known !== undefined) return known;
    const made = statementsOfRelease(this.#options.candidates, installed);
    this.#statements.set(installed.release, made);
    return made;
  }

  /** All of a judgement that its vulnerabilities hang on: which statements, and what they come to. */
  #keyOf({ statements, match }: RecordJudgement): string {
    const numbers = statements.map((statement) => this.#numbers.get(statement)).join();
    return match.kind === 'affected' ? `a${numbers} ${match.fixedVersion ?? ''}\n` : `u${numbers}\n`;
  }
}

function vulnerabilityOf(
  id: string,
  all: readonly RecordJudgement[],
  { order, ratings }: Pick<MatcherOptions, 'order' | 'ratings'>,
): MatchedVulnerability {
  const aliases = aliasesOf(id, all);
  const sure = all.filter(({ match }) => match.kind === 'affected');
  const records = sure.length > 0 ? sure : all;
  const fixedVersion = order === undefined ? undefined : commonFix(records, order);
  const fixState = records.map(({ affected }) => affected.fixState).find((state) => state !== undefined);
  return {
    id,
    aliases,
    record: records[0]?.record ?? id,
    sourceSeverities: packSeverities([
      ...all.flatMap(({ statements }) => statements.flatMap((statement) => statement.ratings)),
      ...[id, ...aliases].flatMap((one) => ratings.get(one)?.ratings ?? []),
    ]),
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    fixState: fixedVersion === undefined ? (fixState ?? 'not-fixed') : 'fixed',
    undetermined: sure.length === 0,
  };
}

function aliasesOf(id: string, records: readonly RecordJudgement[]): readonly string[] {
  const aliases = new Set(
    records.flatMap(({ record, vulnerabilities }) => [
      record,
      ...vulnerabilities.flatMap((one) => (one.id === id ? one.aliases : [])),
    ]),
  );
  aliases.delete(id);
  return [...aliases].sort();
}

/** The lowest of the records' fixes that none of them affects. */
function commonFix(records: readonly RecordJudgement[], order: VersionOrder): string | undefined {
  const fixes = records.flatMap(({ match }) =>
    match.kind === 'affected' && match.fixedVersion !== undefined ? [match.fixedVersion] : [],
  );
  return fixes
    .toSorted((a, b) => ({ less: -1, greater: 1, equal: 0, undetermined: 0 })[order.compare(a, b)])
    .find((version) =>
      records.every(({ affected }) => matchAffected({ version, affected, order }).kind === 'not-affected'),
    );
}
