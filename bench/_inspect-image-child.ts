import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { InspectionPool } from '../src/inspection/inspection-pool.ts';
import { unpackReport } from '../src/inspection/packed-report.ts';
import { parseDigest } from '../src/oci/digest.ts';
import { vastLayer } from './_vast-layer.ts';

/** What one inspection of an image cost. */
export interface InspectionFigures {
  /** From the first layer to the inventory, the start of the processes included. */
  readonly seconds: number;
  /** Processor time of all processes. */
  readonly workSeconds: number;
  readonly inflatedBytes: number;
  readonly entries: number;
  readonly packages: number;
  readonly secrets: number;
  /** Most memory that each inspection process ever had resident, largest first. */
  readonly peakBytes: readonly number[];
}

/** Bytes of a gzip file, or of a layer that is made while it is read: `vast:<inflated GB>`. */
async function open(layer: string): Promise<Readable> {
  const [, gigabytes] = /^vast:(\d+)$/.exec(layer) ?? [];
  if (gigabytes !== undefined) return Readable.from(vastLayer(Number(gigabytes) * 1e9));
  return createReadStream(layer, { highWaterMark: 1024 * 1024 });
}

/** Inspects the layers that are named, bottom first, as scans of one image do, and prints `InspectionFigures`. */
async function main(paths: readonly string[]): Promise<void> {
  const pool = new InspectionPool();
  const signal = new AbortController().signal;
  const startedAt = performance.now();
  const layers = paths.map((path, index) => {
    const digest = parseDigest(`sha256:${String(index).padStart(64, '0')}`);
    if (digest === undefined) throw new Error('Cannot measure: a made-up digest must parse');
    return { digest, index, open: () => open(path) };
  });
  const packed = await Promise.all(layers.map((layer) => pool.inspectLayer(layer, signal)));
  const combined = await pool.combineLayers(
    packed.map(({ bytes }) => bytes),
    { image: { layers, configTexts: [] }, files: [], now: '2026-11-21T00:00:00Z' },
    signal,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const [gap] = combined.incomplete;
  if (gap !== undefined) throw new Error(`Cannot measure: ${gap.message}`);
  const reports = await Promise.all(packed.map(({ bytes }) => unpackReport(bytes)));
  const { user, system } = process.cpuUsage();
  const childSeconds = pool.processIds.reduce((sum, pid) => sum + workSecondsOf(pid), 0);
  const figures: InspectionFigures = {
    seconds,
    workSeconds: (user + system) / 1e6 + childSeconds,
    inflatedBytes: reports.reduce((sum, { inflatedBytes }) => sum + inflatedBytes, 0),
    entries: reports.reduce((sum, { entryCount }) => sum + entryCount, 0),
    packages: combined.inventory.packages.length,
    secrets: combined.secrets.findings.length,
    peakBytes: pool.processIds.map(peakBytesOf).sort((a, b) => b - a),
  };
  await pool.close();
  console.log(JSON.stringify(figures));
}

/** Of a process that still is there (proc_pid_stat(5), fields utime and stime in hundredths of a second). */
function workSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function peakBytesOf(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

await main(process.argv.slice(2));
