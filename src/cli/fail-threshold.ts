import { InvalidArgumentError } from 'commander';
import type { ScannedFinding } from '../app/administration/scan-target.ts';

export const failThresholds = ['critical', 'high', 'medium', 'low', 'negligible'] as const;

/** What `--fail-on` takes: this bad or worse is a failure. */
export type FailThreshold = (typeof failThresholds)[number];

export function parseFailThreshold(text: string): FailThreshold {
  const found = failThresholds.find((threshold) => threshold === text);
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${failThresholds.join(', ')}.`);
  return found;
}

/** `unknown` counts as high. */
export function isAsBadAs(severity: ScannedFinding['severity'], threshold: FailThreshold): boolean {
  const known = severity === 'unknown' ? 'high' : severity;
  return failThresholds.indexOf(known) <= failThresholds.indexOf(threshold);
}
