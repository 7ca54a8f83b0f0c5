import type { Logger } from 'pino';
import { recordEvent } from '../accounts/events.ts';
import { forgetExpiredSecrets, warnOfExpiringSecrets } from '../accounts/expiring-secrets.ts';
import { forgetEvents } from '../accounts/forget-events.ts';
import { forgetEndedLogins } from '../accounts/login-limit.ts';
import { analyzeUnknownTables } from '../database/missing-statistics.ts';
import type { MetricSet } from '../edge/metric-set.ts';
import { forgetEndedNotices } from '../gate/pull-events.ts';
import type { JobHandler, JobSchedule } from '../jobs/queue.ts';
import { fillLayerChains } from '../scan/fill-layer-chains.ts';
import { forgetMatchChanges } from '../scan/matches/forget-match-changes.ts';
import { settleAbandonedScans } from '../scan/settle-abandoned-scans.ts';
import type { BlobReader } from '../storage/blob-store.ts';
import { DigestCompleter } from '../upkeep/complete-digests.ts';
import { foldUsages } from '../upkeep/fold-usages.ts';
import { type CollectedStore, GarbageCollector } from '../upkeep/garbage-collector.ts';
import { failpointReacher } from './failpoints.ts';
import type { Installation } from './installation.ts';
import { countedCollections } from './wiring/wire-upkeep.ts';

export const tidyJobKind = 'tidy';
/** Every minute: a scan whose worker died must not look busy for long, and what is deleted must not take room for long. */
export const tidySchedule: JobSchedule = { kind: tidyJobKind, cron: '* * * * *' };

/**
 * Lets PostgreSQL look at tables that it knows nothing of. Ends what nobody will end any more: scans of dead workers, counts of sign-in tries, notices of pulls, old events and changes
 * of findings, expired secrets (and warns of those that will expire). Frees what nothing holds: one bounded pass of the collector per run. Then works out
 * the digests that large blobs still lack, and the layers by which older scans are found as bases.
 */
export function tidyJob(
  installation: Installation,
  options: {
    readonly store: CollectedStore & BlobReader;
    readonly logger: Logger;
    readonly metrics: MetricSet;
  },
): JobHandler {
  const { config, connection } = installation;
  const { db, pool } = connection;
  const { store, logger, metrics } = options;
  const reach = failpointReacher(config.failpoint);
  const countCollected = countedCollections(metrics);
  const { uploadTtlSeconds, noticeDays, auditDays } = config;
  const collector = new GarbageCollector({
    db,
    store,
    uploadTtlSeconds,
    ...(reach === undefined ? {} : { reach }),
  });
  const completer = new DigestCompleter({ db, store });
  return async (_payload, { signal }) => {
    await analyzeUnknownTables(pool);
    await settleAbandonedScans(db);
    await forgetEndedLogins(db);
    await forgetEndedNotices(db);
    await forgetEvents(db, { noticeDays, auditDays });
    if (noticeDays > 0) await forgetMatchChanges(db, { olderThanDays: noticeDays });
    await warnOfExpiringSecrets(db);
    await forgetExpiredSecrets(db);
    await foldUsages(db, signal);
    const { problems, ...collected } = await collector.pass(signal);
    countCollected(collected);
    if (collected.freedBytes > 0) {
      logger.info({ collected }, `freed ${collected.freedBytes} bytes`);
      await recordEvent(db, { kind: 'garbage.freed', actor: 'system', subject: 'blobs', details: collected });
    }
    for (const problem of problems) logger.warn({ part: 'garbage' }, problem);
    const completed = await completer.run(signal);
    for (const problem of completed.problems) logger.warn({ part: 'digests' }, problem);
    await fillLayerChains(db);
  };
}
