import type { PackageFacts } from '../../report/image-facts.ts';
import { type Severity, severities } from '../../report/severity.ts';

/** The counts of an image that lists show: one per vulnerability and package, however many ids or places it has. */
export interface FindingCounts extends Readonly<Record<Severity, number>> {
  /** Absent: there is no finding. */
  readonly highest: Severity | null;
  readonly fixable: number;
  readonly knownExploited: number;
}

/** Counts what is certain; versions that cannot be compared raise a doubt instead. */
export function summarise(packages: Iterable<PackageFacts>): FindingCounts {
  const counts: Record<Severity, number> = {
    critical: 0,
    high: 0,
    medium: 0,
    low: 0,
    negligible: 0,
    unknown: 0,
  };
  let fixable = 0;
  let knownExploited = 0;
  for (const { vulnerabilities } of packages) {
    for (const vulnerability of vulnerabilities) {
      if (vulnerability.undetermined) continue;
      counts[vulnerability.severity] += 1;
      if (vulnerability.fixedVersion !== undefined) fixable += 1;
      if (vulnerability.knownExploited) knownExploited += 1;
    }
  }
  const highest = severities.find((severity) => counts[severity] > 0) ?? null;
  return { ...counts, highest, fixable, knownExploited };
}
