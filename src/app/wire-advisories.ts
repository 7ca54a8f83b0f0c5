import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import { readFeedStatus } from '../advisories/feed-status.ts';
import { hasPendingChanges } from '../advisories/pending-changes.ts';
import type { Tables } from '../database/tables.ts';
import type { JobEnqueuer, JobHandler, JobSchedule } from '../jobs/queue.ts';
import { isMatchedByOlderRules } from '../scan/matching-version.ts';
import { systemClock } from './clock.ts';
import type { Installation } from './installation.ts';
import { type SyncReport, syncInProcess } from './sync-in-process.ts';

export const syncJobKind = 'sync-advisories';

const dayMs = 86_400_000;
/** The first attempt and those after 3, 7, 20, 55 s and 2.5, 7 and 18 min; then tomorrow. */
const attemptsMax = 8;

/** No feed could be read: the job is tried again. */
export class FeedsUnreachableError extends Error {
  readonly code = 'feeds_unreachable';
}

/** Queues a synchronisation; one that waits already is enough. */
export async function queueAdvisorySync(
  enqueuer: JobEnqueuer,
  transaction: Transaction<Tables>,
): Promise<void> {
  await enqueuer.enqueue(transaction, syncJobKind, {}, { key: syncJobKind, attemptsMax });
}

/**
 * Queues the first synchronisation when nothing is held, and one when the last good one is older than a day, when its
 * process was killed before the images were judged by what it brought, or when this version matches otherwise than the last.
 */
export async function queueSyncWhenDue(
  enqueuer: JobEnqueuer,
  installation: Pick<Installation, 'connection'>,
): Promise<void> {
  const { db } = installation.connection;
  const feeds = await readFeedStatus(db);
  const newestMs = Math.max(0, ...feeds.map(({ lastSuccessAt }) => lastSuccessAt?.getTime() ?? 0));
  const isFresh = systemClock().getTime() - newestMs < dayMs;
  if (isFresh && !(await hasPendingChanges(db)) && !(await isMatchedByOlderRules(db))) return;
  await db.transaction().execute((transaction) => queueAdvisorySync(enqueuer, transaction));
}

/** Once a day, at a minute that the installation's key decides: mirrors are not asked by everybody at once. */
export function syncSchedule(installation: Installation): JobSchedule {
  const { secretKey } = installation;
  return { kind: syncJobKind, cron: `${secretKey.readUInt8(0) % 60} ${secretKey.readUInt8(1) % 24} * * *` };
}

/** The job that keeps the feeds current. A feed that fails keeps its last good version and is a warning in the log. */
export function syncJob(installation: Installation, logger: Logger): JobHandler {
  return async (_payload, { signal }) => {
    const report = await syncInProcess(installation.config, signal);
    if (!report.alreadyRunning) tell(report, logger);
  };
}

function tell({ feeds, changedAdvisories }: SyncReport, logger: Logger): void {
  const failed = feeds.filter(({ kind }) => kind === 'failed');
  // One line for all of them: the queue tells of the job that fails, and `pratique advisories status` of each feed.
  if (feeds.length > 0 && failed.length === feeds.length) {
    throw new FeedsUnreachableError(
      `Cannot update the advisories: at least one feed must be readable, got ${failed[0]?.error ?? 'none'}; until then only what is held can be judged by: see "pratique advisories status", or set PRATIQUE_ADVISORIES to a mirror that this machine reaches`,
    );
  }
  for (const { name, error } of failed)
    logger.warn({ feed: name, reason: error }, 'an advisory feed could not be updated');
  logger.info(
    { feeds: feeds.length, failed: failed.length, changed: changedAdvisories },
    'advisories updated',
  );
}
