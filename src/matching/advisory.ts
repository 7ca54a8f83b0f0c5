/** One event of an OSV range (OSV schema 1.7, affected[].ranges[].events). Exactly one field is set. */
export interface RangeEvent {
  readonly introduced?: string;
  readonly fixed?: string;
  readonly last_affected?: string;
  readonly limit?: string;
}

export interface AffectedRange {
  readonly type: 'ECOSYSTEM' | 'SEMVER' | 'GIT';
  readonly events: readonly RangeEvent[];
}

/** One element of OSV's `severity`: `CVSS_V2`, `CVSS_V3` or `CVSS_V4` with a vector, `Ubuntu` with a word. */
export interface SeverityStatement {
  readonly type: string;
  readonly score: string;
}

/** What an advisory says of one package of one release: one element of OSV's `affected`, reduced to what matching needs. */
export interface AffectedPackage {
  readonly ranges: readonly AffectedRange[];
  readonly versions: readonly string[];
  /** Streams of modules whose rpms these are (`nodejs:18`); empty where they are not named, absent for rpms of no module. */
  readonly modules?: readonly string[];
  /** What the record's ecosystem says beside the release: a product, a repository, a paid extension (`Pro:18.04:LTS`). */
  readonly product?: string;
  /** Rating of this package by the distribution, as written (`unimportant`, `high`, …). */
  readonly urgency?: string;
  /** Ratings of this package alone, as the record states them. */
  readonly severity?: readonly SeverityStatement[];
  /** RustSec: it warns of something else than a known flaw (`unmaintained`), or of what may be none (`unsound`, `notice`). */
  readonly informational?: string;
  /** The distribution says that no fix will come for this release. */
  readonly fixState?: 'wont-fix' | 'end-of-life';
}
