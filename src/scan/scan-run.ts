import { type RawBuilder, sql } from 'kysely';
import type { Digest } from '../oci/digest.ts';

/** One run of a scan. A later one, on whatever replica, takes its place, and the earlier may write nothing more. */
export interface ScanRun {
  readonly digest: Digest;
  /** When it began by the database's clock, to the microsecond: each run of an image has another one. */
  readonly token: string;
}

/**
 * The row of `image_scan` that leads, while it is this run's (threats.md F16). One run looks for every category; the rows of
 * the others follow this one in each statement, after it, so that no two statements wait for each other.
 */
export function isRun({ digest, token }: ScanRun): RawBuilder<boolean> {
  return sql<boolean>`(manifest_digest = ${digest} and category = 'vulnerabilities'
    and started_at = ${token}::timestamptz)`;
}
