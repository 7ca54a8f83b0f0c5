import { runMigrations } from 'graphile-worker';
import type { Pool } from 'pg';
import { queueLogger } from './_queue-logger.ts';

/** Brings the queue's own tables (schema `graphile_worker`) up to date. */
export async function migrateQueue(pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger: queueLogger(() => {}) });
}
