import type { Severity } from '../report/severity.ts';

/** `negligible` is what Debian calls unimportant: it does not affect what the binary packages do. */
const severities: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  minor: 'low',
  negligible: 'negligible',
  unimportant: 'negligible',
  none: 'negligible',
};

/**
 * Severity that a source states in words, in any case; undefined when the word rates nothing (`not yet assigned`,
 * `end-of-life`, `unknown`, a word we do not know). Debian marks uncertain urgencies with trailing asterisks.
 */
export function severityOfWord(word: string): Severity | undefined {
  const key = word.trim().toLowerCase().replace(/\*+$/, '');
  return Object.hasOwn(severities, key) ? severities[key] : undefined;
}
