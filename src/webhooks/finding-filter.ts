import { type Severity, severityRank } from '../report/severity.ts';
import type { FindingFilter } from './webhook.ts';

export interface FilteredFinding {
  readonly severity: Severity;
  readonly fixable: boolean;
  readonly knownExploited: boolean;
}

/** Whether a webhook asks for such a finding. An unknown severity fits every minimum: nobody can say that it is lower. */
export function fits(filter: FindingFilter, finding: FilteredFinding): boolean {
  const { minSeverity, fixableOnly, knownExploitedOnly } = filter;
  const isHighEnough =
    minSeverity === undefined ||
    finding.severity === 'unknown' ||
    severityRank(finding.severity) >= severityRank(minSeverity);
  return isHighEnough && (!fixableOnly || finding.fixable) && (!knownExploitedOnly || finding.knownExploited);
}
