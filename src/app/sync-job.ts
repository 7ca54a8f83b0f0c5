import type { Logger } from 'pino';
import { readFeedStatus } from '../advisories/feed-status.ts';
import type { Database, DatabaseConnection } from '../database/database.ts';
import type { JobEnqueuer, JobHandler } from '../jobs/queue.ts';
import type { SyncReport } from './sync-in-process.ts';

export const syncJobKind = 'sync-advisories';

/** For what goes wrong here; sources that do not answer are not the queue's affair. */
export const syncAttemptsMax = 8;

const pauseBaseMs = 60_000;
const pauseMaxMs = 3_600_000;

export interface SyncJobOptions {
  readonly connection: Pick<DatabaseConnection, 'db'>;
  readonly enqueuer: JobEnqueuer;
  /** Brings these feeds up to date, or all. */
  readonly synchronise: (options: {
    readonly signal: AbortSignal;
    readonly only?: ReadonlySet<string>;
  }) => Promise<SyncReport>;
  readonly now: () => Date;
  /** A number in [0, 1) for the jitter. */
  readonly random: () => number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/**
 * The job that keeps the feeds current. A feed that fails keeps its last good version and is a warning in the log; those
 * whose sources do not answer are asked again, and only those, after 1 min and ever longer up to an hour (threats.md F23).
 */
export function syncJob(options: SyncJobOptions): JobHandler {
  const { connection, logger } = options;
  return async ({ seen, only }, { signal }) => {
    // Whoever asked while a synchronisation ran has got what he asked for.
    if (typeof seen === 'number' && (await countSyncsEnded(connection.db)) > seen) return;
    const names = Array.isArray(only) ? new Set(only.map(String)) : undefined;
    const report = await options.synchronise({ signal, ...(names === undefined ? {} : { only: names }) });
    if (report.alreadyRunning) return;
    const nextAt = await queueNextAttempt(options, report);
    const failed = report.feeds.filter(({ kind }) => kind === 'failed');
    // A mirror that is away is one line, whatever the number of its feeds.
    for (const [reason, feeds] of Map.groupBy(failed, ({ error }) => error))
      logger.warn(
        { feeds: feeds.map(({ name }) => name), reason, nextAt },
        'advisory feeds could not be updated',
      );
    logger.info(
      { feeds: report.feeds.length, failed: failed.length, changed: report.changedAdvisories },
      failed.length === report.feeds.length && failed.length > 0
        ? 'no feed could be updated: see "pratique advisories status", or set PRATIQUE_ADVISORIES to a mirror that this machine reaches'
        : 'advisories updated',
    );
  };
}

/** Synchronisations of this installation that have ended, however they did. */
export async function countSyncsEnded(db: Database): Promise<number> {
  const row = await db.selectFrom('feed_sync').select('ended_count').executeTakeFirst();
  return row?.ended_count ?? 0;
}

async function queueNextAttempt(
  { connection, enqueuer, now, random }: SyncJobOptions,
  { feeds }: SyncReport,
): Promise<Date | undefined> {
  const unreachable = feeds.flatMap(({ name, isUnreachable }) => (isUnreachable === true ? name : []));
  if (unreachable.length === 0) return undefined;
  const status = await readFeedStatus(connection.db);
  const failures = status.flatMap((feed) => (unreachable.includes(feed.name) ? feed.failures : []));
  const runAt = new Date(now().getTime() + pauseMs(Math.max(1, ...failures), random()));
  await connection.db.transaction().execute((transaction) =>
    enqueuer.enqueue(
      transaction,
      syncJobKind,
      { only: unreachable },
      {
        key: syncJobKind,
        attemptsMax: syncAttemptsMax,
        runAt,
      },
    ),
  );
  return runAt;
}

/** Pause after so many failures in a row: 30–60 s, 1–2 min, … and 30–60 min from the seventh on. */
function pauseMs(failures: number, random: number): number {
  return Math.min(pauseBaseMs * 2 ** (failures - 1), pauseMaxMs) * (0.5 + random / 2);
}
