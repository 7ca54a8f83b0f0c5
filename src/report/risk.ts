import type { VulnerabilityFact } from './finding.ts';
import type { Severity } from './severity.ts';

type KnownSeverity = Exclude<Severity, 'unknown'>;

const weights: Readonly<Record<KnownSeverity, number>> = {
  critical: 10,
  high: 8,
  medium: 5,
  low: 2,
  negligible: 1,
};

/**
 * What a finding without EPSS is taken to be: the mean of all scores that FIRST gave on 2026-08-16 (0.02826 of 360,142 CVEs).
 * No score does not mean that nobody will exploit it: it goes before what FIRST calls less likely than most.
 */
export const assumedProbability = 0.028;

export interface Risk {
  /** CISA lists it: before everything that it does not list. */
  readonly knownExploited: boolean;
  /** Weight of the severity (critical 10, high 8, medium 5, low 2, negligible 1) × EPSS probability: 0–10. */
  readonly score: number;
}

/** In which order findings are to be looked at; `unknownAs` is the policy's word for a severity that nobody rates. */
export function riskOf(
  { severity, knownExploited, epss }: Pick<VulnerabilityFact, 'severity' | 'knownExploited' | 'epss'>,
  unknownAs: KnownSeverity,
): Risk {
  const weight = weights[severity === 'unknown' ? unknownAs : severity];
  return { knownExploited, score: weight * (epss ?? assumedProbability) };
}

/** Negative: `a` is the lesser risk. */
export function compareRisks(a: Risk, b: Risk): number {
  return Number(a.knownExploited) - Number(b.knownExploited) || a.score - b.score;
}
