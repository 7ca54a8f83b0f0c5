import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';

/** Adds a job in the caller's transaction; a waiting one with the same key is replaced. */
export interface ScanEnqueuer {
  enqueue(
    transaction: Transaction<Tables>,
    kind: string,
    payload: Readonly<Record<string, unknown>>,
    options?: { readonly key?: string; readonly priority?: number; readonly attemptsMax?: number },
  ): Promise<void>;
}

/** Removes a waiting job and aborts a running one, on whatever replica it runs. */
export interface ScanCanceller {
  cancel(key: string): Promise<void>;
}

/** The job kind that `ScanJob.run` handles; its payload is `{ digest }`. */
export const scanJobKind = 'scan-image';

/** A scan that failed this often is parked as failed (threats.md F26). */
export const scanAttemptsMax = 3;

export function scanJobKey(digest: string): string {
  return `scan:${digest}`;
}
