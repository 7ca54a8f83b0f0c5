import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { updateNamespace } from '../src/catalog/namespaces.ts';
import { connectDatabase } from '../src/database/connect.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { countImages } from '../src/lists/image-counts.ts';
import { readImageRefs } from '../src/lists/image-list.ts';
import type { Digest } from '../src/oci/digest.ts';
import { factsRatedIn } from '../src/report/rated-in-order.ts';
import { readPackageFacts } from '../src/scan/matches/read-package-facts.ts';
import { readFacts } from '../src/scan/reports/read-facts.ts';
import { followSeverityOrder } from '../src/scan/summaries/follow-severity-order.ts';
import { onDatabaseOf } from './_judged-packages.ts';
import { fillRatedImages, orderedNamespace } from './_rated-images.ts';
import { type BenchLine, type BenchModule, type BenchOptions, median, rounded } from './bench-line.ts';

const bench = 'severity-order';
const order = ['cvss-v3', 'vendor', 'ecosystem'] as const;
const rounds = 15;
const ratedImages = 500;

export const takes: BenchModule['takes'] = ['images'];

/**
 * A namespace of half of so many images of 300 packages gets another order of severity sources, the other half stays: until
 * its lists are counted by it, how long lists of both take before and after, and what a verdict costs more.
 */
export async function run({ images = '20000' }: BenchOptions): Promise<readonly BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const count of images.split(',').map(Number)) {
    const folder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
    try {
      await onDatabaseOf(folder, (connection) => fillRatedImages(connection, count));
      for (const line of await measure(folder))
        lines.push({ bench, ...line, figure: `${count}-${line.figure}`, value: rounded(line.value) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return lines;
}

type Figure = Omit<BenchLine, 'bench'>;

async function measure(dataFolder: string): Promise<readonly Figure[]> {
  const server = await startEmbeddedServer({ dataFolder, role: 'server' });
  const connection = connectDatabase({ ...server.config, max: 4 });
  try {
    return await measureOn(connection);
  } finally {
    await connection.close();
    await server.stop();
  }
}

async function measureOn({ db, pool }: DatabaseConnection): Promise<readonly Figure[]> {
  const { id: namespaceId } = await db
    .selectFrom('namespace')
    .select('id')
    .where('name', '=', orderedNamespace)
    .executeTakeFirstOrThrow();
  const orderBy = async (severityOrder: string | null) => {
    await updateNamespace(db, namespaceId, { severityOrder });
    return await timed(() => followSeverityOrder(db, { namespaceId }));
  };
  const lists = {
    'list-by-severity': () =>
      readImageRefs(db, { filter: {}, order: { by: 'severity', descending: true }, limit: 50 }),
    'list-of-high': () =>
      readImageRefs(db, {
        filter: { severity: 'high' },
        order: { by: 'pushedAt', descending: true },
        limit: 50,
      }),
    'count-of-high': () => countImages(db, { severity: 'high' }),
  };
  await orderBy(null);
  const before = await mediansOf(lists);
  const followMs = await orderBy(order.join(','));
  const { rows: sizes } = await pool.query<{ bytes: number }>(
    `select pg_total_relation_size('image_severity') / count(*)::float8 as bytes from image_severity`,
  );
  await pool.query('vacuum (analyze) image_severity');
  const after = await mediansOf(lists);
  const ratingUs = await measureRating({ db, pool });
  await orderBy(null);
  return [
    { figure: 'order-to-lists', value: followMs / 1_000, unit: 's' },
    { figure: 'row-with-indexes', value: sizes[0]?.bytes ?? Number.NaN, unit: 'bytes' },
    ...Object.entries(after).map(([figure, value]) => ({
      figure,
      value,
      unit: 'ms',
      against: 'default order alone',
      ratio: rounded(value / (before[figure] ?? Number.NaN)),
    })),
    ...Object.entries(before).map(([figure, value]) => ({
      figure: `${figure}-by-default`,
      value,
      unit: 'ms',
    })),
    { figure: 'rating-of-a-verdict', value: ratingUs, unit: 'µs' },
  ];
}

/** What it takes to rate an image's facts by the order, of images as they are read for a verdict. */
async function measureRating({ db, pool }: Pick<DatabaseConnection, 'db' | 'pool'>): Promise<number> {
  const { rows } = await pool.query<{ digest: Digest }>(
    `select manifest_digest as digest from image_report order by 1 limit ${ratedImages}`,
  );
  const facts = await readFacts(db, {
    digests: rows.map(({ digest }) => digest),
    now: new Date(),
    feedAgeMaxDays: 5,
    readPackages: (from, ids) => readPackageFacts(from, ids),
  });
  const times: number[] = [];
  for (const one of facts.values()) {
    const startedMs = performance.now();
    factsRatedIn(one, order);
    times.push((performance.now() - startedMs) * 1_000);
  }
  return median(times);
}

async function mediansOf(
  lists: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Readonly<Record<string, number>>> {
  const medians: Record<string, number> = {};
  for (const [name, read] of Object.entries(lists)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await timed(read));
    medians[name] = median(times);
  }
  return medians;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
