import { execFileSync } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspectLayer } from '../src/inspection/image/inspect-layer.ts';
import { InspectionPool } from '../src/inspection/inspection-pool.ts';
import { inventoryProbe } from '../src/inspection/inventory/layer-probe.ts';
import { probe } from '../src/inspection/scan-probe.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { writeDebianLikeLayer } from './_debian-like-layer.ts';
import { type BenchLine, median, rounded } from './bench-line.ts';

const rounds = 5;
const never = new AbortController().signal;

/**
 * Time to inspect a layer of about 230 MB against listing it with gzip and tar, in turns on the same file; then as scans do it,
 * with secrets, in an inspection process against in the process itself.
 */
export async function run(): Promise<readonly BenchLine[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const path = join(directory, 'layer.tar.gz');
    const inflatedBytes = await writeDebianLikeLayer(path);
    return [...(await againstTar(path, inflatedBytes)), ...(await inProcesses(path))];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function againstTar(path: string, inflatedBytes: number): Promise<readonly BenchLine[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await secondsOf(() => listWithTar(path)));
    ours.push(await secondsOf(() => inspect(path, inventoryProbe)));
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
}

async function inProcesses(path: string): Promise<readonly BenchLine[]> {
  const pool = new InspectionPool();
  const line = (figure: string, value: number, unit: string): BenchLine => ({
    bench: 'inspect-layer',
    figure,
    value: rounded(value),
    unit,
  });
  try {
    const small = buildLayer({ 'etc/hostname': 'a' });
    const tiny = { digest: small.digest, index: 0, open: async () => Readable.from([small.bytes]) };
    const first = await secondsOf(() => pool.inspectLayer(tiny, never));
    const large = { digest: small.digest, index: 0, open: async () => openLayer(path) };
    const here: number[] = [];
    const there: number[] = [];
    const two: number[] = [];
    const serverCpu: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      here.push(await secondsOf(() => inspect(path, probe)));
      const before = process.cpuUsage();
      there.push(await secondsOf(() => pool.inspectLayer(large, never)));
      const { user, system } = process.cpuUsage(before);
      serverCpu.push((user + system) / 1e6);
      two.push(
        await secondsOf(() => Promise.all([large, large].map((each) => pool.inspectLayer(each, never)))),
      );
    }
    const seconds = median(there);
    return [
      {
        ...line('in an inspection process, with secrets', seconds, 's'),
        against: 'in the process itself',
        ratio: rounded(seconds / median(here)),
      },
      line('processor time of the server meanwhile', median(serverCpu), 's'),
      {
        ...line('two layers at once', median(two), 's'),
        against: 'one',
        ratio: rounded(median(two) / seconds),
      },
      line('a tiny layer, the process not yet started', first, 's'),
      line('the same again', await secondsOf(() => pool.inspectLayer(tiny, never)), 's'),
      line('peak memory of an inspection process', Math.max(...pool.processIds.map(peakMegabytesOf)), 'MB'),
    ];
  } finally {
    await pool.close();
  }
}

function peakMegabytesOf(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}

function openLayer(path: string): Readable {
  return createReadStream(path, { highWaterMark: 1024 * 1024 });
}

async function inspect(path: string, layerProbe: typeof probe | typeof inventoryProbe): Promise<void> {
  const report = await inspectLayer({ open: async () => openLayer(path), probe: layerProbe as typeof probe });
  if (report.incomplete !== undefined) throw new Error(report.incomplete.message);
}

async function listWithTar(path: string): Promise<void> {
  execFileSync('sh', ['-c', 'gzip -dc "$1" | tar -t > /dev/null', 'sh', path]);
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
