import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDataFolder, largeCatalog } from './_large-catalog-fill.ts';
import { measureLists } from './_large-catalog-lists.ts';
import { serveDataFolder } from './_large-catalog-server.ts';
import { type BenchLine, rounded } from './bench-line.ts';

const bench = 'large-catalog';

/**
 * A server of 100,000 manifests, 510,000 tags, 1 M blobs and 2 M references (threats.md §6): time to start, every list,
 * search, filter and sort over HTTP with authentication, the gate, and memory.
 */
export async function run(): Promise<readonly BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const startedMs = performance.now();
    await fillDataFolder(folder, largeCatalog);
    console.error(`filled in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
    const server = await serveDataFolder(folder);
    try {
      const lists = await measureLists(server);
      return [
        { bench, figure: 'start-to-ready', value: rounded(server.startMs), unit: 'ms' },
        ...lists.flatMap(({ name, p50Ms, p95Ms }) => [
          { bench, figure: `${name}-p50`, value: rounded(p50Ms), unit: 'ms' },
          { bench, figure: `${name}-p95`, value: rounded(p95Ms), unit: 'ms' },
        ]),
        { bench, figure: 'server-rss', value: rounded(server.residentMib()), unit: 'MiB' },
      ];
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
