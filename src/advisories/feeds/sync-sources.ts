/** Where feeds are read from; each is `https://…`, `http://…`, `file:…` or a path. */
export interface SyncSources<Address = string> {
  /** Roots of OSV mirrors, tried in order for every folder. */
  readonly roots: readonly Address[];
  /** CISA's catalogue as JSON, of one place or of several that are tried in order; absent: not read. */
  readonly kev?: Address | readonly Address[];
  /** FIRST's daily scores as CSV, usually gzip, likewise. */
  readonly epss?: Address | readonly Address[];
  /** Only these folders of the mirror; absent: all that it lists. */
  readonly ecosystems?: readonly string[];
}

/** The public originals. */
export const publicSources = {
  roots: ['https://osv-vulnerabilities.storage.googleapis.com'],
  kev: ['https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json'],
  epss: ['https://epss.empiricalsecurity.com/epss_scores-current.csv.gz'],
} satisfies SyncSources;

/** Once a day, away from the full hour when everybody asks (five cron fields, UTC). */
export const advisorySyncCron = '17 3 * * *';
