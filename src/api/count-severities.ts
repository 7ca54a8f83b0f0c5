import type { PlacedFinding } from '../scan/report-details.ts';
import type { SeverityCounts } from './contract/severity.ts';

export function countSeverities(found: readonly PlacedFinding[]): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { vulnerability } of found) counts[vulnerability.severity] += 1;
  return counts;
}
