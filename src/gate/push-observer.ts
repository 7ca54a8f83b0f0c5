import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { PushObserver, StoredManifest } from '../registry/guards.ts';
import { lockMatching } from '../scan/matches/match-lock.ts';
import { queueScan } from '../scan/queue-scan.ts';
import type { ScanEnqueuer } from '../scan/scan-enqueuer.ts';
import { writeOrderCountsOfStored } from '../scan/summaries/order-counts.ts';

/**
 * Queues the scan of what is pushed into a namespace that scans by itself, and counts what was judged before by the
 * namespace's order of severity sources: in the push's own transaction.
 */
export class ScanningPushObserver implements PushObserver {
  readonly #enqueuer: ScanEnqueuer;

  constructor(enqueuer: ScanEnqueuer) {
    this.#enqueuer = enqueuer;
  }

  async manifestStored(transaction: Transaction<Tables>, stored: StoredManifest): Promise<void> {
    const namespace = await transaction
      .selectFrom('namespace')
      .select(['auto_scan', 'severity_order', 'listed_severity_order'])
      .where('id', '=', stored.repository.namespaceId)
      .executeTakeFirst();
    if (namespace === undefined) return;
    if (namespace.severity_order !== null || namespace.listed_severity_order !== null) {
      await lockMatching(transaction);
      await writeOrderCountsOfStored(transaction, stored.digest);
    }
    if (!namespace.auto_scan) return;
    const { namespaceId } = stored.repository;
    const why = { onlyMissing: true, reason: 'pushed', namespaceId } as const;
    await queueScan(transaction, this.#enqueuer, stored.digest, why);
  }
}
