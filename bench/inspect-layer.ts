import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectLayer } from '../src/image/inspect-layer.ts';
import { inventoryProbe } from '../src/inventory/layer-probe.ts';
import { writeDebianLikeLayer } from './_debian-like-layer.ts';
import { type BenchLine, median, rounded } from './bench-line.ts';

const rounds = 5;

/** Time to inspect a layer of about 230 MB against listing it with gzip and tar, in turns on the same file. */
export async function run(): Promise<readonly BenchLine[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const path = join(directory, 'layer.tar.gz');
    const inflatedBytes = await writeDebianLikeLayer(path);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      theirs.push(await secondsOf(() => listWithTar(path)));
      ours.push(await secondsOf(() => inspect(path)));
    }
    const seconds = median(ours);
    return [
      {
        bench: 'inspect-layer',
        figure: 'seconds',
        value: rounded(seconds),
        unit: 's',
        against: 'gzip -dc layer | tar -t',
        ratio: rounded(seconds / median(theirs)),
      },
      {
        bench: 'inspect-layer',
        figure: 'inflated',
        value: rounded(inflatedBytes / 1e6 / seconds),
        unit: 'MB/s',
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function inspect(path: string): Promise<void> {
  const report = await inspectLayer({
    open: async () => createReadStream(path, { highWaterMark: 1024 * 1024 }),
    probe: inventoryProbe,
  });
  if (report.incomplete !== undefined) throw new Error(report.incomplete.message);
}

async function listWithTar(path: string): Promise<void> {
  execFileSync('sh', ['-c', 'gzip -dc "$1" | tar -t > /dev/null', 'sh', path]);
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
