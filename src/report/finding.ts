import type { Severity } from './severity.ts';
import type { SourceSeverities } from './source-severities.ts';

export type FixState = 'fixed' | 'not-fixed' | 'wont-fix' | 'end-of-life';

/**
 * A vulnerability of a package, as policy and lists need it; texts and ratings are read only for details. Packages of which
 * the same is said since the same instant share it.
 */
export interface VulnerabilityFact {
  /** Canonical id: the CVE where there is one, else the record's own id. */
  readonly id: string;
  /** All other ids of the same vulnerability, the record's included. */
  readonly aliases: readonly string[];
  /** The advisory that matched. */
  readonly record: string;
  /** By the default order of sources; `ratedIn()` gives it by another. */
  readonly severity: Severity;
  /** What each source says; absent: the package was matched last when that was not stored yet. */
  readonly sourceSeverities?: SourceSeverities;
  readonly fixedVersion?: string;
  readonly fixState: FixState;
  /** CISA lists it as exploited. */
  readonly knownExploited: boolean;
  /** EPSS probability 0–1; absent when FIRST gives none. */
  readonly epss?: number;
  /** When the package first matched it. */
  readonly firstSeenAt: Date;
  /** The version could not be compared: it may or may not be affected. */
  readonly undetermined: boolean;
}
