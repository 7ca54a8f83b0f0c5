import { type Candidate, readCandidates } from '../../advisories/candidates.ts';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import type { Database } from '../../database/database.ts';
import type { RangeEvent } from '../../matching/advisory.ts';
import { advisedNames } from '../../matching/installed-as.ts';
import { affectedBy } from '../../matching/match-affected.ts';
import type { Package } from '../../report/package.ts';
import { orderOf } from '../../versions/order-of.ts';
import { judgeRecords, type RecordJudgement, statementsOfRelease } from './judge-records.ts';

/** One statement of an advisory that made a finding. */
export interface MatchEvidence {
  readonly record: string;
  /** With its release or product, as records write it: `Debian:12`, `Ubuntu:Pro:18.04:LTS`. */
  readonly ecosystem: string;
  /** As the advisory names it: of the source package where it speaks of those. */
  readonly packageName: string;
  /** What was compared with the advisory's versions. */
  readonly installedVersion: string;
  /** The range that the version lies in, or all of the statement where a doubt is given. */
  readonly range?: readonly RangeEvent[];
  /** The listed version that the installed one equals. */
  readonly listedVersion?: string;
  /** Why it cannot be told whether the package is affected. */
  readonly doubt?: string;
}

/** A finding by its package and the canonical id of its vulnerability. */
export interface ExplainedFinding {
  readonly package: Package;
  readonly vulnerabilityId: string;
}

/** Statements that are shown of one finding; a record may repeat itself for a hundred products. */
const evidenceMax = 20;

/**
 * Why each finding was made, worked out anew from the advisories held now; in the order of the findings. Empty where the
 * advisories no longer say so, and matching again has not come to the package yet.
 */
export async function explainFindings(
  db: Database,
  findings: readonly ExplainedFinding[],
): Promise<readonly (readonly MatchEvidence[])[]> {
  const candidates = new Map<string, Candidate[]>();
  for (const [ecosystem, own] of Map.groupBy(findings, (one) => one.package.ecosystem)) {
    const names = [...new Set(own.flatMap((one) => advisedNames(one.package)))];
    for (const candidate of await readCandidates(db, { ecosystem, names })) {
      const key = keyOf(ecosystem, candidate.name);
      candidates.set(key, [...(candidates.get(key) ?? []), candidate]);
    }
  }
  const judged = new Map<string, readonly RecordJudgement[]>();
  return findings.map(({ package: installed, vulnerabilityId }) => {
    const key = JSON.stringify(installed);
    const records =
      judged.get(key) ??
      judgeRecords({
        package: installed,
        statements: statementsOfRelease(
          advisedNames(installed).flatMap((name) => candidates.get(keyOf(installed.ecosystem, name)) ?? []),
          installed,
        ),
        order: orderOf(installed.ecosystem),
      });
    judged.set(key, records);
    return records
      .filter(({ vulnerabilities }) => vulnerabilities.some(({ id }) => id === vulnerabilityId))
      .flatMap((record) => evidenceOf(record, installed))
      .slice(0, evidenceMax);
  });
}

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\n${normalisePackageName(ecosystem, name)}`;
}

function evidenceOf(judgement: RecordJudgement, installed: Package): readonly MatchEvidence[] {
  const { record, statements, version, match } = judgement;
  const order = orderOf(installed.ecosystem);
  return statements.flatMap(({ ecosystem, release, name, affected }) => {
    const suffix = affected.product ?? release;
    const named = {
      record,
      ecosystem: suffix === '' ? ecosystem : `${ecosystem}:${suffix}`,
      packageName: name,
      installedVersion: version,
    };
    const by = order === undefined ? undefined : affectedBy({ version, affected, order });
    if (match.kind === 'undetermined') {
      const events = by?.kind === 'range' ? by.events : affected.ranges.flatMap((range) => range.events);
      return [{ ...named, range: events, doubt: match.reason }];
    }
    if (by === undefined) return [];
    return [{ ...named, ...(by.kind === 'range' ? { range: by.events } : { listedVersion: by.version }) }];
  });
}
