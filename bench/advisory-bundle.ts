import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { connectDatabase } from '../src/database/connect.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import type { BundleFigures } from './_advisory-bundle-child.ts';
import { type BenchLine, rounded } from './bench-line.ts';

const bench = 'advisory-bundle';

/**
 * A signed bundle of the whole mirror with KEV and EPSS: made, imported into an empty database, and followed by the next
 * one, in which one ecosystem has one record less.
 */
export async function run(): Promise<readonly BenchLine[]> {
  const shared = sharedData();
  if (shared === undefined) {
    console.error(`bench ${bench} is skipped: there is no ../shared`);
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  const [file, next] = [join(folder, 'bundle.tar'), join(folder, 'next.tar')];
  try {
    const made = await withDatabase(join(folder, 'from'), async (config) => {
      await fill(config, shared);
      const first = await inChild(config, 'export', file);
      await changeOneFeed(config);
      await inChild(config, 'export', next);
      return first;
    });
    const [imported, followed] = await withDatabase(join(folder, 'to'), async (config) => [
      await inChild(config, 'import', file),
      await inChild(config, 'import', next),
    ]);
    return [
      { bench, figure: 'records', value: made.records, unit: 'records' },
      { bench, figure: 'size', value: rounded(made.sizeBytes / 1e6), unit: 'MB' },
      ...linesOf('export', made),
      ...linesOf('import', imported),
      ...linesOf('import-next', followed),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function linesOf(what: string, { seconds, peakBytes }: BundleFigures): readonly BenchLine[] {
  return [
    { bench, figure: `${what}-seconds`, value: rounded(seconds), unit: 's' },
    { bench, figure: `${what}-peak-rss`, value: rounded(peakBytes / 1e6), unit: 'MB' },
  ];
}

type ServerConfig = Awaited<ReturnType<typeof startEmbeddedServer>>['config'];

async function withDatabase<Result>(
  dataFolder: string,
  work: (config: ServerConfig) => Promise<Result>,
): Promise<Result> {
  const server = await startEmbeddedServer({ dataFolder, role: 'server' });
  try {
    const connection = connectDatabase(server.config);
    await migrate(connection.pool);
    await connection.close();
    return await work(server.config);
  } finally {
    await server.stop();
  }
}

async function fill(config: ServerConfig, shared: string): Promise<void> {
  const connection = connectDatabase(config);
  const [epss = ''] = await readdir(join(shared, 'epss'));
  const sources = {
    roots: [join(shared, 'advisories')],
    kev: join(shared, 'kev/known_exploited_vulnerabilities.json'),
    epss: join(shared, 'epss', epss),
  };
  const { feeds } = await syncAdvisories({ connection, sources, now: () => new Date() });
  await connection.close();
  const failed = feeds.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) throw new Error(`Cannot import "${failed.name}": ${failed.error}`);
}

/** As a day later, when a record of one ecosystem has gone. */
async function changeOneFeed(config: ServerConfig): Promise<void> {
  const { pool, close } = connectDatabase(config);
  await pool.query(`delete from feed_advisory where (feed, advisory_id) =
    (select feed, advisory_id from feed_advisory where feed = 'npm' order by advisory_id limit 1)`);
  await pool.query(`update feed set last_success_at = last_success_at + interval '1 day'`);
  await close();
}

async function inChild(config: ServerConfig, what: string, file: string): Promise<BundleFigures> {
  const child = join(import.meta.dirname, '_advisory-bundle-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify(config), what, file]);
  return JSON.parse(stdout) as BundleFigures; // printed by our own child
}
