import {
  type Severity,
  type SeverityRating,
  type SeveritySource,
  severities,
  severityRank,
  severitySources,
} from './severity.ts';
import { defaultSeverityOrder, type SeverityOrder } from './severity-order.ts';

/**
 * The worst severity that each source gives a vulnerability, in one number: three bits a source, in the order of
 * `severitySources` from the lowest, each the rank of the severity (0: that source does not rate it). At most 15 bits.
 * So it is stored (`match_detail.source_severities`), and to choose by any order is a look at the bits.
 */
export type SourceSeverities = number;

const bitsPerSource = 3;
const sourceMask = 0b111;

const shifts = Object.fromEntries(
  severitySources.map((source, index) => [source, index * bitsPerSource]),
) as Readonly<Record<SeveritySource, number>>; // one entry for each source

/** By `severityRank()`. */
const byRank: readonly Severity[] = severities.toSorted((a, b) => severityRank(a) - severityRank(b));

export function packSeverities(
  ratings: readonly Pick<SeverityRating, 'source' | 'severity'>[],
): SourceSeverities {
  const worst = { vendor: 0, ecosystem: 0, 'cvss-v4': 0, 'cvss-v3': 0, 'cvss-v2': 0 };
  for (const { source, severity } of ratings) worst[source] = Math.max(worst[source], severityRank(severity));
  return severitySources.reduce((packed, source) => packed | (worst[source] << shifts[source]), 0);
}

/** Where a source's three bits begin: for statements that choose as `severityIn()` does. */
export function severityShiftOf(source: SeveritySource): number {
  return shifts[source];
}

/** What one source says; `unknown`: it does not rate. */
export function severityOfSource(packed: SourceSeverities, source: SeveritySource): Severity {
  return byRank[(packed >> shifts[source]) & sourceMask] ?? 'unknown';
}

/** What each source that rates says, in the default order. */
export function severitiesBySource(
  packed: SourceSeverities,
): readonly Pick<SeverityRating, 'source' | 'severity'>[] {
  return severitySources
    .map((source) => ({ source, severity: severityOfSource(packed, source) }))
    .filter(({ severity }) => severity !== 'unknown');
}

/** The first source in `order` that rates; undefined: none does. */
export function decidingSource(packed: SourceSeverities, order: SeverityOrder): SeveritySource | undefined {
  for (const choice of order) {
    const source = choice === 'highest' ? worstSource(packed) : choice;
    if (severityOfSource(packed, source) !== 'unknown') return source;
  }
  return undefined;
}

/** Of several that rate alike the first in the default order. */
function worstSource(packed: SourceSeverities): SeveritySource {
  const rankOf = (source: SeveritySource) => (packed >> shifts[source]) & sourceMask;
  return severitySources.reduce((worst, source) => (rankOf(source) > rankOf(worst) ? source : worst));
}

/** The severity to show: the worst rating of the first source in `order` that gives one; `unknown` when none does. */
export function severityIn(packed: SourceSeverities, order: SeverityOrder): Severity {
  const source = decidingSource(packed, order);
  return source === undefined ? 'unknown' : severityOfSource(packed, source);
}

/** `severityIn()` for ratings. */
export function chooseSeverity(
  ratings: readonly Pick<SeverityRating, 'source' | 'severity'>[],
  order: SeverityOrder = defaultSeverityOrder,
): Severity {
  return severityIn(packSeverities(ratings), order);
}
