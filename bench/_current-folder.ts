import { readerVersion } from '../src/advisories/feeds/feed-row.ts';
import { connectDatabase } from '../src/database/connect.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { migrateQueue } from '../src/jobs/migrate-queue.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';
import { renameDistributions } from './_drawn-images.ts';

/**
 * Lets a folder that was filled by an older version be measured by this one: it would read whole feeds again, which the
 * delta's mirror does not have, match every package again and scan images whose distribution it calls otherwise. What the
 * older one made of records is as good to measure with.
 */
export async function takeAsCurrent(folder: string): Promise<void> {
  const server = await startEmbeddedServer({ dataFolder: folder, role: 'server' });
  const connection = connectDatabase({ ...server.config, max: 2 });
  try {
    const { pool } = connection;
    await migrate(pool);
    await migrateQueue(pool);
    await pool.query('update feed set reader_version = $1 where reader_version <> $1', [readerVersion]);
    await pool.query('update package set matching_version = $1 where matching_version <> $1', [
      matchingVersion,
    ]);
    await renameDistributions(pool);
  } finally {
    await connection.close();
    await server.stop();
  }
}
