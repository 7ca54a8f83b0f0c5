import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { PushObserver, StoredManifest } from '../registry/guards.ts';
import { queueScan } from '../scan/queue-scan.ts';
import type { ScanEnqueuer } from '../scan/scan-enqueuer.ts';

/** Queues the scan of what is pushed into a namespace that scans by itself, in the push's own transaction. */
export class ScanningPushObserver implements PushObserver {
  readonly #enqueuer: ScanEnqueuer;

  constructor(enqueuer: ScanEnqueuer) {
    this.#enqueuer = enqueuer;
  }

  async manifestStored(transaction: Transaction<Tables>, stored: StoredManifest): Promise<void> {
    const namespace = await transaction
      .selectFrom('namespace')
      .select('auto_scan')
      .where('id', '=', stored.repository.namespaceId)
      .executeTakeFirst();
    if (namespace?.auto_scan !== true) return;
    // Somebody may wait for it with a pull: before scans that were queued in bulk.
    await queueScan(transaction, this.#enqueuer, stored.digest, { onlyMissing: true, priority: 0 });
  }
}
