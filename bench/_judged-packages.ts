import { join } from 'node:path';
import { syncAdvisories } from '../src/advisories/sync-advisories.ts';
import { connectDatabase } from '../src/database/connect.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { migrateQueue } from '../src/jobs/migrate-queue.ts';
import { matchPackages } from '../src/scan/match-packages.ts';
import { dropSecondaryIndexes } from './_secondary-indexes.ts';

/** Distinct names and versions of the feed that are packages. */
const packageCount = 200_000;
const chunkPackages = 1_000;

/** Settings for filling only: what is half filled after a power cut is filled anew. */
const fillSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  max_wal_size: '8GB',
  work_mem: '256MB',
  maintenance_work_mem: '1GB',
  shared_buffers: '1GB',
};

/** Runs `work` on the migrated database of a data folder that nobody uses. */
export async function onDatabaseOf(
  dataFolder: string,
  work: (connection: DatabaseConnection) => Promise<void>,
): Promise<void> {
  const server = await startEmbeddedServer({ dataFolder, role: 'server', settings: fillSettings });
  try {
    const connection = connectDatabase({ ...server.config, max: 4 });
    try {
      await migrate(connection.pool);
      await migrateQueue(connection.pool);
      await work(connection);
      await connection.pool.query('vacuum (analyze)');
      await connection.pool.query('checkpoint');
    } finally {
      await connection.close();
    }
  } finally {
    await server.stop();
  }
}

/**
 * Takes over the mirror, makes packages of the versions that its advisories name (introduced, fixed, last affected and
 * listed ones), and matches them as the product does.
 */
export async function fillPackages(connection: DatabaseConnection, shared: string): Promise<void> {
  const { feeds } = await syncAdvisories({
    connection,
    sources: {
      roots: [join(shared, 'advisories')],
      kev: join(shared, 'kev', 'known_exploited_vulnerabilities.json'),
    },
    now: () => new Date(),
  });
  const failed = feeds.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) throw new Error(`Cannot import "${failed.name}": ${failed.error}`);
  const { db, pool } = connection;
  await pool.query(namedVersions);
  await pool.query('delete from pending_change');
  const { rows } = await pool.query<{ id: number }>('select id from package order by ecosystem, name, id');
  const client = await pool.connect();
  const secondary = await dropSecondaryIndexes(client, ['package_match']);
  for (let start = 0; start < rows.length; start += chunkPackages) {
    const ids = rows.slice(start, start + chunkPackages).map(({ id }) => id);
    await db
      .transaction()
      .execute(async (transaction) => void (await matchPackages(transaction, ids, { onlyNew: true })));
  }
  for (const definition of secondary) await client.query(definition);
  client.release();
}

/** In an order that is the same for the same feed and mixes ecosystems; what stands for "every version" is none. */
const namedVersions = `
  insert into package (ecosystem, release, name, version, source_name, source_version, module)
  select ecosystem, release, name, version, name, version, '' from (
    select distinct ecosystem, release, name, version from (
      select ecosystem, release, name, v as version
      from advisory_package cross join jsonb_array_elements_text(affected->'versions') v
      union all
      select ecosystem, release, name, coalesce(e->>'introduced', e->>'fixed', e->>'last_affected')
      from advisory_package cross join jsonb_array_elements(affected->'ranges') r
      cross join jsonb_array_elements(r->'events') e where r->>'type' <> 'GIT') named
    where version is not null and version <> '0') own
  order by md5(ecosystem || release || name || version) limit ${packageCount}`;
