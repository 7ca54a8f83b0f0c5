import type { Candidate } from '../../advisories/candidates.ts';
import type { CveRatings } from '../../advisories/cve-ratings.ts';
import { matchAffected } from '../../matching/match-affected.ts';
import type { FixState } from '../../report/finding.ts';
import type { Package } from '../../report/package.ts';
import { packSeverities, type SourceSeverities } from '../../report/source-severities.ts';
import { orderOf } from '../../versions/order-of.ts';
import type { VersionOrder } from '../../versions/version-order.ts';
import { judgeRecords, type RecordJudgement } from './judge-records.ts';

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

/**
 * What the advisories that name a package or its source say of it. Records that describe the same vulnerability are one:
 * affected when one of them says so, fixed by the lowest version that none of them affects.
 */
export function matchPackage(options: {
  readonly package: Package;
  /** Advisories of the ecosystem and of the names by `advisedNames()`, of any release, ordered by record. */
  readonly candidates: readonly Candidate[];
  readonly ratings: ReadonlyMap<string, CveRatings>;
  /** The order of the package's versions; by default that of its ecosystem. */
  readonly order?: VersionOrder | undefined;
}): readonly MatchedVulnerability[] {
  const { package: installed, candidates, ratings } = options;
  const own = orderOf(installed.ecosystem);
  const order = options.order ?? own?.remembering?.() ?? own;
  const byId = new Map<string, { records: RecordJudgement[]; aliases: Set<string> }>();
  for (const record of judgeRecords({ package: installed, candidates, order })) {
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

function vulnerabilityOf(options: {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly records: readonly RecordJudgement[];
  readonly order: VersionOrder | undefined;
  readonly ratings: ReadonlyMap<string, CveRatings>;
}): MatchedVulnerability {
  const { id, aliases, order, ratings } = options;
  const sure = options.records.filter(({ match }) => match.kind === 'affected');
  const records = sure.length > 0 ? sure : options.records;
  const fixedVersion = order === undefined ? undefined : commonFix(records, order);
  const fixState = records.map(({ affected }) => affected.fixState).find((state) => state !== undefined);
  return {
    id,
    aliases,
    record: records[0]?.record ?? id,
    sourceSeverities: packSeverities([
      ...options.records.flatMap(({ statements }) => statements.flatMap((statement) => statement.ratings)),
      ...[id, ...aliases].flatMap((one) => ratings.get(one)?.ratings ?? []),
    ]),
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    fixState: fixedVersion === undefined ? (fixState ?? 'not-fixed') : 'fixed',
    undetermined: sure.length === 0,
  };
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
