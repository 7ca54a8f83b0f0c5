import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secretProbe } from '../src/inspection/secrets/file-secrets.ts';
import type { InspectionFigures } from './_inspect-image-child.ts';
import { realLayers } from './_real-layers.ts';
import { writeLayerOfFiles } from './_vast-layer.ts';
import { type BenchLine, type BenchOptions, median, rounded } from './bench-line.ts';

const bench = 'inspect-image';
const rounds = 5;
/** In which files come from a layer. */
const pieceBytes = 64 * 1024;

export const takes = ['only'] as const;

/**
 * Packages and secrets of a whole image of real packages, beside listing the same layers with gzip and tar, in turns; then
 * the memory that a layer of 10 GB and one of 200,000 files take in an inspection process; then the rules for secrets alone. `--only` names one of
 * `real`, `vast`, `files`, `secrets`.
 */
export async function run({ only = '' }: BenchOptions): Promise<readonly BenchLine[]> {
  const parts: Readonly<Record<string, () => Promise<readonly BenchLine[]>>> = {
    real: realImage,
    vast: vastLayer,
    files: manyFiles,
    secrets: secretsAlone,
  };
  const lines: BenchLine[] = [];
  for (const [name, part] of Object.entries(parts)) if (name.includes(only)) lines.push(...(await part()));
  return lines;
}

async function realImage(): Promise<readonly BenchLine[]> {
  const paths = await realLayers();
  const ours: InspectionFigures[] = [];
  const theirs: Listing[] = [];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(listWithTar(paths));
    ours.push(await inspectInChild(paths));
  }
  const seconds = median(ours.map((figures) => figures.seconds));
  const best = Math.min(...ours.map((figures) => figures.seconds));
  const work = median(ours.map(({ workSeconds }) => workSeconds));
  const [first] = ours;
  if (first === undefined) throw new Error('Cannot measure: there must be a round');
  const against = 'gzip -dc layer | tar -t, one layer after the other';
  const theirSeconds = theirs.map((listing) => listing.seconds);
  const theirWork = median(theirs.map(({ workSeconds }) => workSeconds));
  return [
    { ...line('seconds', seconds, 's'), against, ratio: rounded(seconds / median(theirSeconds)) },
    { ...line('best', best, 's'), against, ratio: rounded(best / Math.min(...theirSeconds)) },
    { ...line('processor time', work, 's'), against, ratio: rounded(work / theirWork) },
    line('inflated', first.inflatedBytes / 1e6, 'MB'),
    line('speed', first.inflatedBytes / 1e6 / seconds, 'MB/s'),
    line('members', first.entries, ''),
    line('packages', first.packages, ''),
    line('secrets', first.secrets, ''),
    line('peak-rss', peakOf(ours), 'MB'),
    await onSameBase(paths, seconds),
  ];
}

/** A second image on the same base: its report is there, so only the layers above are read. */
async function onSameBase(paths: readonly string[], wholeSeconds: number): Promise<BenchLine> {
  const { seconds } = await inspectInChild(paths.slice(1));
  return {
    ...line('own layers', seconds, 's'),
    against: 'the whole image',
    ratio: rounded(seconds / wholeSeconds),
  };
}

async function vastLayer(): Promise<readonly BenchLine[]> {
  const figures = await inspectInChild(['vast:10']);
  const speed = figures.inflatedBytes / 1e6 / figures.seconds;
  return [line('10 GB layer, peak-rss', peakOf([figures]), 'MB'), line('10 GB layer, speed', speed, 'MB/s')];
}

async function manyFiles(): Promise<readonly BenchLine[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const path = join(directory, 'layer.tar.gz');
    await writeLayerOfFiles(path, 200_000);
    const figures = await inspectInChild([path]);
    return [
      line('200,000 files, peak-rss', peakOf([figures]), 'MB'),
      line('200,000 files, seconds', figures.seconds, 's'),
      line('200,000 files, packages', figures.packages, ''),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One thread, on the JavaScript and the declarations that the project itself uses: text without a secret. */
async function secretsAlone(): Promise<readonly BenchLine[]> {
  const require = createRequire(import.meta.url);
  const names = ['vitest/package.json', 'playwright-core/package.json', 'yaml/package.json'];
  const folders = names.map((name) => join(require.resolve(name), '..'));
  const find = 'find "$@" -type f \\( -name "*.js" -o -name "*.ts" -o -name "*.md" -o -name "*.json" \\)';
  const files = execFileSync('sh', ['-c', find, 'sh', ...folders], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const texts = files.map((file) => readFileSync(file));
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  const seconds: number[] = [];
  let hits = 0;
  for (let round = 0; round < rounds; round += 1) {
    hits = 0;
    const startedAt = performance.now();
    for (const text of texts) {
      const reading = secretProbe.start('srv/app/x', text.subarray(0, pieceBytes), text.length <= pieceBytes);
      for (let at = 0; at < text.length; at += pieceBytes) reading?.write(text.subarray(at, at + pieceBytes));
      hits += reading?.end().length ?? 0;
    }
    seconds.push((performance.now() - startedAt) / 1000);
  }
  return [
    line('secrets alone, speed', bytes / 1e6 / median(seconds), 'MB/s'),
    line('secrets alone, text', bytes / 1e6, 'MB'),
    line('secrets alone, hits', hits, ''),
  ];
}

function line(figure: string, value: number, unit: string): BenchLine {
  return { bench, figure, value: rounded(value), unit };
}

/** Of one inspection process, the largest. */
function peakOf(figures: readonly InspectionFigures[]): number {
  return Math.max(...figures.flatMap(({ peakBytes }) => peakBytes)) / 1e6;
}

async function inspectInChild(layers: readonly string[]): Promise<InspectionFigures> {
  const child = join(import.meta.dirname, '_inspect-image-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [child, ...layers]);
  return JSON.parse(stdout) as InspectionFigures; // printed by our own child
}

interface Listing {
  readonly seconds: number;
  readonly workSeconds: number;
}

function listWithTar(paths: readonly string[]): Listing {
  const startedAt = performance.now();
  // What the shell's children took is the second line of `times`.
  const script = 'for f; do gzip -dc "$f" | tar -t > /dev/null; done; times';
  const times = execFileSync('sh', ['-c', script, 'sh', ...paths], { encoding: 'utf8' });
  const seconds = (performance.now() - startedAt) / 1000;
  const minutes = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return { seconds, workSeconds: minutes.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0) };
}
