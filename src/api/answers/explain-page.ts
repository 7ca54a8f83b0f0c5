import type { Database } from '../../database/database.ts';
import { explainFindings, type MatchEvidence as FoundEvidence } from '../../scan/matches/explain-findings.ts';
import type { ReportDetails } from '../../scan/reports/report-details.ts';
import type { MatchEvidence } from '../contract/finding.ts';
import type { SelectedFinding } from './list-findings.ts';

/** The statements of advisories that made each of the findings, in their order. */
export async function explainPage(
  db: Database,
  findings: readonly SelectedFinding[],
  report: ReportDetails | undefined,
): Promise<readonly MatchEvidence[][]> {
  const packages = new Map(report?.packages.map((placed) => [placed.purl, placed.package]));
  const installed = findings.map((finding) => packages.get(finding.package.purl));
  const known = findings.flatMap(({ id }, index) => {
    const found = installed[index];
    return found === undefined ? [] : [{ package: found, vulnerabilityId: id }];
  });
  const evidence = (await explainFindings(db, known)).values();
  return installed.map((found) =>
    found === undefined ? [] : (evidence.next().value ?? []).map(showEvidence),
  );
}

function showEvidence({ range, listedVersion, doubt, ...named }: FoundEvidence): MatchEvidence {
  return {
    ...named,
    range: range === undefined ? null : [...range],
    listedVersion: listedVersion ?? null,
    doubt: doubt ?? null,
  };
}
