import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedData } from '../src/testing/shared-data.ts';
import { fillImages } from './_judged-images.ts';
import { fillPackages, onDatabaseOf } from './_judged-packages.ts';
import { measureDelta } from './_measure-delta.ts';
import { type BenchLine, type BenchModule, type BenchOptions, rounded } from './bench-line.ts';

const bench = 'judge-again';
const defaultSizes = '1000,10000,100000';

export const takes: BenchModule['takes'] = ['keep', 'images'];

/**
 * A server of so many images of 300 packages each, drawn from 200,000 of the feed beside the checkout, takes over a delta of
 * 1,000 advisories while a client pulls: until the gate answers otherwise, and until every image's summary is rewritten;
 * then one that names no held package. `keep`: filled folders are left there and used again.
 */
export async function run({ keep, images = defaultSizes }: BenchOptions): Promise<readonly BenchLine[]> {
  const shared = sharedData();
  if (shared === undefined) {
    console.error(`bench ${bench} is skipped: there is no ../shared`);
    return [];
  }
  const folder = keep ?? (await mkdtemp(join(tmpdir(), 'pratique-bench-')));
  try {
    const lines: BenchLine[] = [];
    for (const count of images.split(',').map(Number)) {
      const filled = await fillJudged(folder, shared, count);
      for (const { figure, value, unit, against, ratio } of await measureDelta(filled, shared))
        lines.push({
          bench,
          figure: `${count}-${figure}`,
          value: rounded(value),
          unit,
          ...(against === undefined ? {} : { against }),
          ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
        });
    }
    return lines;
  } finally {
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** The folder with so many images; packages and advisories are filled and matched once for all. */
export async function fillJudged(folder: string, shared: string, count: number): Promise<string> {
  const packages = join(folder, 'packages');
  await fillOnce(packages, () => onDatabaseOf(packages, (connection) => fillPackages(connection, shared)));
  const images = join(folder, String(count));
  await fillOnce(images, async () => {
    // With its owners: the embedded PostgreSQL of root runs as another user.
    await promisify(execFile)('cp', ['-a', `${packages}/.`, images]);
    await rm(join(images, 'filled'), { force: true });
    await onDatabaseOf(images, (connection) => fillImages(connection, count));
  });
  return images;
}

async function fillOnce(folder: string, make: () => Promise<void>): Promise<void> {
  const mark = join(folder, 'filled');
  if (existsSync(mark)) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const startedMs = performance.now();
  await make();
  await writeFile(mark, '');
  console.error(`filled ${folder} in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
}
