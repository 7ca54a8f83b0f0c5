import type { Logger } from 'pino';
import type { Notifications } from '../../database/notifications.ts';
import type { MetricSet } from '../../edge/metric-set.ts';
import type { InspectionPool } from '../../inspection/inspection-pool.ts';
import type { PublishedArchives } from '../../inspection/inventory/published-archives.ts';
import type { Engine } from '../../inspection/malware/engine.ts';
import type { JobEnqueuer, JobHandler } from '../../jobs/queue.ts';
import { DatabaseImages } from '../../scan/database-images.ts';
import { ImageFactsStore } from '../../scan/reports/image-facts-store.ts';
import { scanJobKind } from '../../scan/scan-enqueuer.ts';
import { ScanJob } from '../../scan/scan-job.ts';
import { followSeverityOrder, severityOrderJobKind } from '../../scan/summaries/follow-severity-order.ts';
import { FindingDifferences } from '../../webhooks/finding-differences.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import type { Installation } from '../installation.ts';
import { afterSyncCheck } from './wire-advisories.ts';
import type { BlobBytes } from './wire-blobs.ts';

/** Facts of images, kept in memory and dropped when a change is notified. */
export function createFactsStore(installation: Installation, listener: Notifications): ImageFactsStore {
  return new ImageFactsStore({ db: installation.connection.db, listener, now: systemClock, feedAgeMaxDays });
}

/** The jobs that scan one stored image, and that count a namespace's findings by its order of severity sources. */
export function scanJobHandlers(
  installation: Installation,
  options: {
    readonly blobs: BlobBytes;
    readonly inspections: InspectionPool;
    readonly engines: readonly Engine[];
    readonly archives: PublishedArchives | undefined;
    readonly logger: Logger;
    readonly enqueuer: JobEnqueuer;
    readonly metrics: MetricSet;
  },
): Readonly<Record<string, JobHandler>> {
  const { db } = installation.connection;
  const reads = options.metrics.counter({
    name: 'pratique_scan_blob_reads_total',
    help: 'Layers and configs that scans opened; judging again for new advisories opens none',
  });
  reads.add({}, 0);
  const readBlob: BlobBytes['open'] = (digest) => {
    reads.add({});
    return options.blobs.open(digest);
  };
  const job = new ScanJob({
    db,
    images: new DatabaseImages({ db, readBlob }),
    inspections: options.inspections,
    engines: options.engines,
    archives: options.archives,
    now: systemClock,
    feedAgeMaxDays,
    observer: new FindingDifferences({ now: systemClock }),
    onFailure: (digest, error) => options.logger.warn({ digest, err: error }, 'a scan failed'),
  });
  return {
    [scanJobKind]: afterSyncCheck(job.run, installation, options.enqueuer),
    [severityOrderJobKind]: async ({ namespaceId }, { signal }) => {
      await followSeverityOrder(db, { namespaceId: Number(namespaceId), signal });
    },
  };
}
