import type { AffectedPackage } from '../matching/advisory.ts';
import type { SeverityRating } from '../report/severity.ts';
import { isDistributionEcosystem } from './distribution-ecosystems.ts';
import { severityOfWord } from './severity-word.ts';

/** The word of a distribution (or ecosystem) on this very package; undefined when it says none that rates. */
export function urgencyRating(one: {
  readonly record: string;
  readonly ecosystem: string;
  readonly affected: AffectedPackage;
}): SeverityRating | undefined {
  const severity = one.affected.urgency === undefined ? undefined : severityOfWord(one.affected.urgency);
  if (severity === undefined) return undefined;
  const source = isDistributionEcosystem(one.ecosystem) ? 'vendor' : 'ecosystem';
  return { source, record: one.record, severity };
}
