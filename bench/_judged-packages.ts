import { join } from 'node:path';
import type pg from 'pg';
import { copyLine, copyRows } from '../src/advisories/feeds/copy-rows.ts';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { connectDatabase } from '../src/database/connect.ts';
import type { Database, DatabaseConnection } from '../src/database/database.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { migrateQueue } from '../src/jobs/migrate-queue.ts';
import { judgePackages, type PackageRow, readJudgingInputs } from '../src/scan/matches/judge-packages.ts';
import { MatchDetails } from '../src/scan/matches/match-details.ts';
import { differencesOf } from '../src/scan/matches/match-differences.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';
import { addToCounts, readExploited } from '../src/scan/matches/package-counts.ts';
import { dropSecondaryIndexes } from './_secondary-indexes.ts';

/** Distinct names and versions of the feed that are packages. */
const packageCount = 200_000;
const chunkPackages = 1_000;

/** Settings for filling only: what is half filled after a power cut is filled anew. */
const fillSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  max_wal_size: '512MB',
  work_mem: '256MB',
  maintenance_work_mem: '2GB',
  // Two indexes are made at a time, and what workers sort would need room on the disk.
  max_parallel_maintenance_workers: '0',
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
  const client = await pool.connect();
  try {
    // The rows are sound by the way they are made; checking that each has its package takes longer than to write it.
    await client.query('set session_replication_role = replica');
    const secondary = await dropSecondaryIndexes(client, ['stored_match', 'match_detail']);
    const { rows } = await client.query<PackageRow>(
      `select id, ecosystem, release, name, version, source_name, source_version, module from package
       order by ecosystem, name, id`,
    );
    const details = new MatchDetails();
    for (let start = 0; start < rows.length; start += chunkPackages)
      await fillMatches(db, client, { packages: rows.slice(start, start + chunkPackages), details });
    for (const definition of secondary) await client.query(definition);
    await client.query('update package set matched_at = now(), matching_version = $1', [matchingVersion]);
  } finally {
    client.release(true);
  }
}

/** As `matchPackages()` does, but for the writing: COPY takes millions. */
async function fillMatches(
  db: Database,
  client: pg.ClientBase,
  { packages, details }: { readonly packages: readonly PackageRow[]; readonly details: MatchDetails },
): Promise<void> {
  const written = await db.transaction().execute(async (transaction) => {
    const wanted = await judgePackages(packages, await readJudgingInputs(transaction, packages), details);
    const differences = differencesOf(wanted.keys(), wanted, () => []);
    await addToCounts(transaction, differences, await readExploited(transaction));
    const ids = await details.idsOf(transaction, new Set(differences.written.map(({ detail }) => detail)));
    return differences.written.map(({ packageId, detail }) => copyLine([packageId, ids.get(detail)]));
  });
  for (let start = 0; start < written.length; start += rowsAtOnce)
    await copyRows(client, 'stored_match (package_id, detail_id)', written.slice(start, start + rowsAtOnce));
}

const rowsAtOnce = 50_000;

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
