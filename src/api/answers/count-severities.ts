import type { Severity } from '../../report/severity.ts';
import type { PlacedFinding } from '../../scan/reports/report-details.ts';
import type { SeverityCounts } from '../contract/severity.ts';

export function countSeverities(found: readonly PlacedFinding[]): SeverityCounts {
  return countRated(found.map(({ vulnerability }) => vulnerability));
}

export function countRated(found: readonly { readonly severity: Severity }[]): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of found) counts[severity] += 1;
  return counts;
}
