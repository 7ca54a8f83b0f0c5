import { randomInt } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Logger } from 'pino';
import { hasPendingChanges } from '../../advisories/feeds/pending-changes.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import type { JobEnqueuer, JobHandler, JobSchedule } from '../../jobs/queue.ts';
import { isMatchedByOlderRules } from '../../scan/matches/matching-version.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';
import { syncInProcess } from '../sync-in-process.ts';
import { countSyncsEnded, syncAttemptsMax, syncJob, syncJobKind } from '../sync-job.ts';

const dayMs = 86_400_000;

/** Queues a synchronisation; one that waits or runs already is enough. */
export async function queueAdvisorySync(
  enqueuer: JobEnqueuer,
  transaction: Transaction<Tables>,
): Promise<void> {
  const seen = await countSyncsEnded(transaction);
  await enqueuer.enqueue(
    transaction,
    syncJobKind,
    { seen },
    { key: syncJobKind, attemptsMax: syncAttemptsMax },
  );
}

/**
 * Queues, at the start of a server, the first synchronisation when nothing is held, and one when the last good one is older
 * than a day, when its process was killed before the images were judged by what it brought, or when this version matches
 * otherwise than the last.
 */
export async function queueSyncWhenDue(
  enqueuer: JobEnqueuer,
  { connection: { db } }: { readonly connection: Pick<DatabaseConnection, 'db'> },
): Promise<void> {
  const { rows } = await sql<{ newest: Date | null }>`
    select max(last_success_at) as newest from feed`.execute(db);
  const isFresh = systemClock().getTime() - (rows[0]?.newest?.getTime() ?? 0) < dayMs;
  if (isFresh && !(await hasPendingChanges(db)) && !(await isMatchedByOlderRules(db))) return;
  await db.transaction().execute((transaction) => queueAdvisorySync(enqueuer, transaction));
}

/**
 * Queues, at a scan, a synchronisation when none was tried for over a day and none waits or runs: the schedule has missed
 * its hour. However many scans find that at once, the feeds are read once.
 */
export async function queueSyncAfterExpiry(
  enqueuer: JobEnqueuer,
  { db }: Pick<DatabaseConnection, 'db'>,
  now: Date,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ is_due: boolean }>`
      select coalesce(max(last_attempt_at) < ${new Date(now.getTime() - dayMs)}, false) and not exists (
        select from graphile_worker.jobs where task_identifier = ${syncJobKind} and attempts < max_attempts) as is_due
      from feed`.execute(transaction);
    if (rows[0]?.is_due === true) await queueAdvisorySync(enqueuer, transaction);
  });
}

/** Once a day, at a minute that the installation's key decides: mirrors are not asked by everybody at once. */
export function syncSchedule(installation: Installation): JobSchedule {
  const { secretKey } = installation;
  return { kind: syncJobKind, cron: `${secretKey.readUInt8(0) % 60} ${secretKey.readUInt8(1) % 24} * * *` };
}

/** The job as a server does it: in a process of its own, by the machine's clock. */
export function wireSyncJob(
  { connection, config }: Pick<Installation, 'connection' | 'config'>,
  { enqueuer, logger }: { readonly enqueuer: JobEnqueuer; readonly logger: Logger },
): Readonly<Record<string, JobHandler>> {
  return {
    [syncJobKind]: syncJob({
      connection,
      enqueuer,
      logger,
      synchronise: (options) => syncInProcess(config, options),
      now: systemClock,
      random: () => randomInt(2 ** 32) / 2 ** 32,
    }),
  };
}

/** The handler, after it was looked whether the feeds are due; nothing is looked at where updates come by hand. */
export function afterSyncCheck(
  handler: JobHandler,
  { connection, config }: Pick<Installation, 'connection' | 'config'>,
  enqueuer: JobEnqueuer,
): JobHandler {
  return async (payload, context) => {
    if (config.advisoryBundle !== 'manual') await queueSyncAfterExpiry(enqueuer, connection, systemClock());
    await handler(payload, context);
  };
}
