import type { Severity } from '../api/answers.ts';

/** Worst first; unknown stands last because nobody rated it. */
export const severityOrder: readonly Severity[] = [
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
];

export type SeverityCountsOf = Readonly<Record<Severity, number>>;

export function totalOf(counts: SeverityCountsOf): number {
  return severityOrder.reduce((sum, severity) => sum + counts[severity], 0);
}

/** `3 critical, 12 high`: what the strip of counts says, in words. */
export function countsInWords(counts: SeverityCountsOf): string {
  const parts = severityOrder
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`);
  return parts.length === 0 ? 'none found' : parts.join(', ');
}
