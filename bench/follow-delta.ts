import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { updateAdvisories } from '../src/app/administration/update-advisories.ts';
import { connectDatabase } from '../src/database/connect.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { writeDelta } from './_advisory-delta.ts';
import { takeAsCurrent } from './_current-folder.ts';
import { type BenchLine, type BenchModule, type BenchOptions, rounded } from './bench-line.ts';
import { fillJudged } from './judge-again.ts';

const bench = 'follow-delta';
const deltaRecords = 1_000;
/** The first undoes what another run left, and finds nothing in memory; the last counts. */
const rounds = 3;

export const takes: BenchModule['takes'] = ['keep', 'images'];

/**
 * Processor time of following the delta of `judge-again`, on its folders, without server and pulls: figures that a busy machine
 * makes larger by half, where times on the clock say nothing.
 */
export async function run({ keep, images = '10000' }: BenchOptions): Promise<readonly BenchLine[]> {
  const shared = sharedData();
  if (shared === undefined || keep === undefined) {
    console.error(`bench ${bench} is skipped: it takes --keep <folder> and ../shared`);
    return [];
  }
  const lines: BenchLine[] = [];
  for (const count of images.split(',').map(Number)) {
    const { ownMs, postgresMs } = await follow(await fillJudged(keep, shared, count));
    const line = { bench, unit: 's' };
    lines.push({ ...line, figure: `${count}-own-cpu`, value: rounded(ownMs / 1_000) });
    lines.push({ ...line, figure: `${count}-postgres-cpu`, value: rounded(postgresMs / 1_000) });
  }
  return lines;
}

async function follow(folder: string): Promise<{ readonly ownMs: number; readonly postgresMs: number }> {
  await takeAsCurrent(folder);
  const server = await startEmbeddedServer({ dataFolder: folder, role: 'server' });
  const connection = connectDatabase({ ...server.config, max: 6 });
  const backends = new Map<number, number>();
  // Some are closed meanwhile: what they came to is known by then.
  const look = () => {
    for (const [pid, ms] of backends) backends.set(pid, Math.max(ms, cpuMsOf(pid)));
    return [...backends.values()].reduce((sum, ms) => sum + ms, 0);
  };
  connection.pool.on('acquire', (client) => {
    const { processID: pid } = client as { readonly processID?: number | null }; // `pg` sets it, and does not say so
    if (typeof pid === 'number' && !backends.has(pid)) backends.set(pid, cpuMsOf(pid));
  });
  connection.pool.on('release', look);
  try {
    const root = join(folder, 'delta');
    let took = { ownMs: 0, postgresMs: 0 };
    for (let round = 0; round < rounds; round += 1) {
      await writeDelta(connection, root, { count: deltaRecords, at: new Date() });
      const [own, postgresMs] = [process.cpuUsage(), look()];
      await updateAdvisories({ connection, sources: { roots: [`file:${root}`] } });
      const { user, system } = process.cpuUsage(own);
      took = { ownMs: (user + system) / 1_000, postgresMs: look() - postgresMs };
    }
    return took;
  } finally {
    await connection.close();
    await server.stop();
  }
}

/** See proc(5), schedstat: nanoseconds on a core; 0 when the process has ended. */
function cpuMsOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
