/**
 * Rows of table `feed` that are not an ecosystem. None can clash with an OSV ecosystem (OSV schema 1.7,
 * affected[].package.ecosystem lists all of them).
 */
export const feedNames = {
  /** The mirror's list of ecosystems; its record count is their number. */
  ecosystems: 'ecosystems.txt',
  /** Records about CVEs without `affected`. */
  cve: 'CVE',
  /** CISA's Known Exploited Vulnerabilities. */
  kev: 'KEV',
  /** FIRST's Exploit Prediction Scoring System. */
  epss: 'EPSS',
} as const;

const others: ReadonlySet<string> = new Set(Object.values(feedNames));

export function isEcosystemFeed(name: string): boolean {
  return !others.has(name);
}
