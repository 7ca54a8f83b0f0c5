import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { connectDatabase } from '../src/database/connect.ts';

/** What the child prints as its one line. */
export interface ImportFigures {
  readonly seconds: number;
  readonly records: number;
  readonly peakBytes: number;
}

/** Imports a mirror in a process of its own, so that its peak memory is its own: `<connection as JSON> <root>`. */
async function main([config = '', root = '']: readonly string[]): Promise<void> {
  const connection = connectDatabase(JSON.parse(config));
  const startedAt = performance.now();
  const { feeds } = await syncAdvisories({ connection, sources: { roots: [root] }, now: () => new Date() });
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = feeds.find((feed) => feed.kind === 'failed');
  if (failed !== undefined) throw new Error(`Cannot import "${failed.name}": ${failed.error}`);
  const figures: ImportFigures = {
    seconds,
    records: feeds.reduce((sum, feed) => sum + feed.records, 0),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  console.log(JSON.stringify(figures));
  await connection.close();
}

if (import.meta.main) await main(process.argv.slice(2));
