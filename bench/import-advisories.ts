import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectDatabase } from '../src/database/connect.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import type { ImportFigures } from './_import-advisories-child.ts';
import { type BenchLine, rounded } from './bench-line.ts';

const bench = 'import-advisories';

/** First import of a whole mirror (all ecosystems and CVE records) into an empty database with default settings. */
export async function run(): Promise<readonly BenchLine[]> {
  const shared = sharedData();
  if (shared === undefined) {
    console.error(`bench ${bench} is skipped: there is no ../shared`);
    return [];
  }
  const dataFolder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const server = await startEmbeddedServer({ dataFolder, role: 'server' });
    try {
      const connection = connectDatabase(server.config);
      await migrate(connection.pool);
      await connection.close();
      const figures = await importInChild(JSON.stringify(server.config), join(shared, 'advisories'));
      return [
        { bench, figure: 'rate', value: rounded(figures.records / figures.seconds), unit: 'records/s' },
        { bench, figure: 'seconds', value: rounded(figures.seconds), unit: 's' },
        { bench, figure: 'peak-rss', value: rounded(figures.peakBytes / 1e6), unit: 'MB' },
      ];
    } finally {
      await server.stop();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function importInChild(config: string, root: string): Promise<ImportFigures> {
  const child = join(import.meta.dirname, '_import-advisories-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [child, config, root]);
  return JSON.parse(stdout) as ImportFigures; // printed by our own child
}
