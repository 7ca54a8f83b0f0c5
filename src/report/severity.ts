/** How bad a finding is. `unknown` is a value of its own: no source rated it; policy decides how it ranks. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown';

export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

const ranks: Readonly<Record<Severity, number>> = {
  critical: 5,
  high: 4,
  medium: 3,
  low: 2,
  negligible: 1,
  unknown: 0,
};

/** Higher is worse; `unknown` ranks below all, so whoever must fail closed maps it to a known severity first. */
export function severityRank(severity: Severity): number {
  return ranks[severity];
}

/** Who rates: `vendor` is the distribution, `ecosystem` GHSA and the like. */
export type SeveritySource = 'vendor' | 'ecosystem' | 'cvss-v4' | 'cvss-v3' | 'cvss-v2';

export const severitySources: readonly SeveritySource[] = [
  'vendor',
  'ecosystem',
  'cvss-v4',
  'cvss-v3',
  'cvss-v2',
];

/** One source's rating of a vulnerability, kept beside all others (semantics.md §1 "Severity"). */
export interface SeverityRating {
  readonly source: SeveritySource;
  /** The record the rating stands in, for example `GHSA-…` or `CVE-…`. */
  readonly record: string;
  readonly severity: Severity;
  /** CVSS base score 0–10; absent when the source gives only a word. */
  readonly score?: number;
  readonly vector?: string;
}
