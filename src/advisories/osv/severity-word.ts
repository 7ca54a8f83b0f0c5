import type { Severity } from '../../report/severity.ts';

/**
 * The words of all sources, which mean the same wherever two use them:
 * - Debian's urgencies (https://security-team.debian.org/security_tracker.html#severity-levels); `unimportant` does not
 *   affect what the binary packages do, and trailing asterisks mark what is not final;
 * - Ubuntu's priorities (https://ubuntu.com/security/cves/about#priority);
 * - the ratings of Red Hat, AlmaLinux, Rocky Linux and SUSE: Critical, Important, Moderate, Low;
 * - GitHub's and those of npm, Azure Linux, Bitnami, openEuler: critical, high, moderate or medium, low, none.
 */
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

/** What sources say when they do not rate: Debian (`end-of-life` says that nobody looked), Ubuntu, Bitnami, SUSE. */
const notRated: ReadonlySet<string> = new Set([
  '',
  'not yet assigned',
  'undetermined',
  'end-of-life',
  'untriaged',
  'unknown',
  'unspecified',
]);

/** Severity that a source states in words, in any case; undefined when the word rates nothing, or is none we know. */
export function severityOfWord(word: string): Severity | undefined {
  const key = keyOf(word);
  return Object.hasOwn(severities, key) ? severities[key] : undefined;
}

/** Whether we know what the word says: that it rates, or that it does not. */
export function isSeverityWord(word: string): boolean {
  const key = keyOf(word);
  return notRated.has(key) || Object.hasOwn(severities, key);
}

function keyOf(word: string): string {
  return word.trim().toLowerCase().replace(/\*+$/, '');
}
