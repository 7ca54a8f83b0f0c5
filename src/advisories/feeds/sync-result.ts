import type { UnfollowedUpdate } from './update-effects.ts';

/** How one feed fared. */
export interface FeedOutcome {
  readonly name: string;
  readonly kind: 'updated' | 'unchanged' | 'failed';
  /** Records held afterwards; of a failed feed, those of its last good version. */
  readonly records: number;
  /** Records that could not be read and were left out of this import. */
  readonly skipped: number;
  /** Why it failed, or examples of what was skipped. */
  readonly error?: string;
  /** Of a failed feed: a source did not answer, so that an early attempt may help. */
  readonly isUnreachable?: true;
}

/**
 * What a synchronisation changed, including changes of earlier runs that nobody acknowledged
 * (`acknowledgeChanges()`), so that a crash before the re-match loses nothing.
 */
export interface SyncResult {
  /** Another replica is synchronising: nothing was done here. */
  readonly alreadyRunning: boolean;
  readonly feeds: readonly FeedOutcome[];
  readonly changedAdvisoryIds: readonly string[];
  /** CVEs whose ratings or place in CISA's list changed. EPSS is read live: an `updated` feed `EPSS` tells. */
  readonly changedCves: readonly string[];
  /** Canonical ids that the changed advisories describe, in their old or their new version; absent: not told. */
  readonly changedVulnerabilityIds?: readonly string[];
  /** The updates that these changes are of; absent: not asked for. */
  readonly updates?: readonly UnfollowedUpdate[];
  /** Packages that the changed advisories name, in their old or their new version. */
  readonly changedPackages: readonly { readonly ecosystem: string; readonly name: string }[];
}
