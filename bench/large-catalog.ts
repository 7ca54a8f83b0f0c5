import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDataFolder, largeCatalog } from './_large-catalog-fill.ts';
import { measureLists } from './_large-catalog-lists.ts';
import { serveDataFolder } from './_large-catalog-server.ts';
import { type BenchLine, type BenchModule, type BenchOptions, rounded } from './bench-line.ts';

const bench = 'large-catalog';

export const takes: BenchModule['takes'] = ['keep', 'only'];

/**
 * A server of 100,000 manifests, 510,000 tags, 1 M blobs and 2 M references (threats.md §6): time to start, every list,
 * search, filter and sort over HTTP with authentication, the gate, and memory. `only`: the lists of such a name.
 */
export async function run({ keep, only }: BenchOptions): Promise<readonly BenchLine[]> {
  const folder = keep ?? (await mkdtemp(join(tmpdir(), 'pratique-bench-')));
  try {
    await fill(folder);
    const server = await serveDataFolder(folder);
    try {
      const lists = await measureLists(server, only);
      return [
        { bench, figure: 'start-to-ready', value: rounded(server.startMs), unit: 'ms' },
        ...lists.flatMap(({ name, firstMs, p50Ms, p95Ms, cpuMs }) => [
          { bench, figure: `${name}-first`, value: rounded(firstMs), unit: 'ms' },
          { bench, figure: `${name}-p50`, value: rounded(p50Ms), unit: 'ms' },
          { bench, figure: `${name}-p95`, value: rounded(p95Ms), unit: 'ms' },
          { bench, figure: `${name}-cpu`, value: rounded(cpuMs), unit: 'ms' },
        ]),
        { bench, figure: 'server-rss', value: rounded(server.residentMib()), unit: 'MiB' },
      ];
    } finally {
      await server.close();
    }
  } finally {
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** Fills a new folder; one that a run has kept is as it was left. */
async function fill(folder: string): Promise<void> {
  const mark = join(folder, 'filled');
  if (existsSync(mark)) return;
  await mkdir(folder, { recursive: true });
  const startedMs = performance.now();
  await fillDataFolder(folder, largeCatalog);
  await writeFile(mark, '');
  console.error(`filled in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
}
