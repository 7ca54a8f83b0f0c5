import { readFeedKnowledge } from '../../advisories/feed-doubts.ts';
import { type CopiedRow, copyOut } from '../../database/copy-out.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import { PackageCounts } from '../matches/package-counts.ts';
import { readIds } from '../reports/packed-ids.ts';
import { summaryRow } from '../write-report.ts';
import { noteDoubtsPass, readDoubtsNow } from './doubts-pass.ts';
import { versionDoubts } from './image-doubts.ts';
import { isAnyOrderInUse, writeOrderCountsOf } from './order-counts.ts';
import { SettledDoubts, type SettledKey } from './settled-doubts.ts';
import { type NewSummary, SummaryWriter } from './summary-writer.ts';

export interface RefreshedSummaries {
  /** Whose packed set was read; none where nothing can differ. */
  readonly imagesRead: number;
  /** Whose summary changed. */
  readonly images: number;
  /** Those that hold a package which a feed changed, by feed. */
  readonly imagesOf: ReadonlyMap<string, number>;
}

interface PassOptions {
  readonly now: Date;
  readonly feedAgeMaxDays?: number;
  readonly signal?: AbortSignal;
  /** Told of images that a scan would judge by other advisories, because their distribution is called otherwise now. */
  readonly onRenamed?: (digests: readonly string[]) => Promise<void>;
}

/** Summaries that are written at once. */
const chunkImages = 5_000;

/**
 * One pass over the packed sets of all images: rewrites the summaries of those that hold a changed package, or whose
 * doubts are others now. `changed` says of each package which feeds changed it. No image is read where there is none and the
 * feeds raise the same doubts as when all were last looked over.
 */
export async function refreshSummaries(
  connection: DatabaseConnection,
  changed: ReadonlyMap<number, readonly string[]>,
  options: PassOptions,
): Promise<RefreshedSummaries> {
  const { db } = connection;
  const knowledge = await readFeedKnowledge(db);
  const judging = { now: options.now, feedAgeMaxDays: options.feedAgeMaxDays ?? 5 };
  const doubts = await readDoubtsNow(db, knowledge, judging);
  if (changed.size === 0 && !doubts.mayDiffer) return { imagesRead: 0, images: 0, imagesOf: new Map() };
  const settled = new SettledDoubts(knowledge, judging);
  const result = await pass(connection, { touched: new TouchedImages(changed), settled, ...options });
  await noteDoubtsPass(db, doubts.knowledge);
  return result;
}

async function pass(
  connection: DatabaseConnection,
  options: Pick<PassOptions, 'signal' | 'onRenamed'> & {
    readonly touched: TouchedImages;
    readonly settled: SettledDoubts;
  },
): Promise<RefreshedSummaries> {
  const { touched, settled, signal, onRenamed } = options;
  const reader = await connection.pool.connect();
  let isDone = false;
  try {
    await using writer = await SummaryWriter.open(connection.pool);
    // Both sides of the join are read once, in the order in which they lie.
    await reader.query("begin; set local work_mem = '64MB'");
    const counts = await PackageCounts.read(reader);
    const ids = new ReadIds();
    const hasOrders = await isAnyOrderInUse(connection.db);
    const write = async (summaries: readonly NewSummary[]) => {
      await writer.write(summaries);
      if (hasOrders) await writeOrderCountsOf(connection.db, summaries);
    };
    let imagesRead = 0;
    let stale: NewSummary[] = [];
    const renamed: string[] = [];
    let writing: Promise<void> = Promise.resolve();
    for await (const rows of copyOut(reader, reportsQuery)) {
      signal?.throwIfAborted();
      imagesRead += rows.length;
      for (const row of rows) {
        const image = imageOf(row);
        if (settled.isRenamed(image.key)) renamed.push(image.digest);
        const packageIds = ids.of(image.packed);
        const isTouched = touched.count(packageIds);
        if (!isTouched && !settled.differsFrom(image.shown, image.key)) continue;
        stale.push(summaryOf(image, { packageIds, counts, settled }));
      }
      if (renamed.length >= chunkImages) await onRenamed?.(renamed.splice(0));
      if (stale.length < chunkImages) continue;
      // One chunk is written while the next is read.
      await writing;
      writing = write(stale);
      writing.catch(() => {}); // awaited before the next chunk, where it throws
      stale = [];
    }
    await writing;
    await write(stale);
    if (renamed.length > 0) await onRenamed?.(renamed);
    await reader.query('commit');
    isDone = true;
    return { imagesRead, images: writer.changed, imagesOf: touched.imagesOf() };
  } finally {
    reader.release(!isDone);
  }
}

const reportsQuery = `
  select r.manifest_digest, s.revision, r.outcome = 'unsupported', r.distribution::text, array_to_json(r.ecosystems)::text,
    r.doubts::text, (extract(epoch from r.newest_file_at) * 1000)::float8, s.doubts::text, r.package_set
  from image_report r join image_summary s on s.manifest_digest = r.manifest_digest`;

interface ReadImage {
  readonly digest: string;
  readonly revision: bigint;
  readonly key: SettledKey;
  /** The doubts that its summary shows, as JSON. */
  readonly shown: string;
  readonly packed: Buffer;
}

/** A row of `reportsQuery`. */
function imageOf([
  digest,
  revision,
  isUnsupported,
  distribution,
  ecosystems,
  own,
  newest,
  shown,
  packed,
]: CopiedRow): ReadImage {
  return {
    digest: textOf(digest) ?? '',
    revision: revision?.readBigInt64BE() ?? 0n,
    key: {
      isUnsupported: isUnsupported?.readUInt8() === 1,
      distribution: textOf(distribution),
      ecosystems: textOf(ecosystems) ?? '[]',
      own: textOf(own) ?? '[]',
      newestAtMs: newest?.readDoubleBE() ?? null,
    },
    shown: textOf(shown) ?? '[]',
    packed: packed ?? Buffer.alloc(0),
  };
}

function textOf(field: Buffer | null | undefined): string | null {
  return field?.toString('utf8') ?? null;
}

function summaryOf(
  { digest, revision, key }: ReadImage,
  {
    packageIds,
    counts,
    settled,
  }: {
    readonly packageIds: Uint32Array;
    readonly counts: PackageCounts;
    readonly settled: SettledDoubts;
  },
): NewSummary {
  const { counts: sums, unsure } = counts.sum(packageIds);
  return { ...summaryRow(digest, sums, [...settled.of(key), ...versionDoubts(unsure)]), revision };
}

/** The ids of one image at a time, in memory that is used again for the next. */
class ReadIds {
  #ids = new Uint32Array();

  of(packed: Buffer): Uint32Array {
    if (this.#ids.length < packed.length) this.#ids = new Uint32Array(packed.length * 2);
    return this.#ids.subarray(0, readIds(packed, this.#ids));
  }
}

/** Which images hold packages that changed, and how many of them each feed touched. */
class TouchedImages {
  /** By package: 0, or the number of the feeds that changed it. */
  readonly #groupOf: Uint16Array;
  readonly #groups: string[][] = [[]];
  readonly #imagesOf = new Map<string, number>();

  constructor(changed: ReadonlyMap<number, readonly string[]>) {
    let last = 0;
    for (const id of changed.keys()) last = Math.max(last, id);
    this.#groupOf = new Uint16Array(last + 1);
    const numbers = new Map<string, number>();
    for (const [id, feeds] of changed) {
      const key = feeds.toSorted().join('\n');
      const number = numbers.get(key) ?? this.#groups.push([...feeds]) - 1;
      numbers.set(key, number);
      this.#groupOf[id] = number;
    }
  }

  /** Whether the image with these packages holds one; it is then counted. */
  count(packageIds: Uint32Array): boolean {
    const groups: number[] = [];
    for (const id of packageIds) {
      const group = this.#groupOf[id] ?? 0;
      if (group !== 0 && !groups.includes(group)) groups.push(group);
    }
    if (groups.length === 0) return false;
    for (const feed of new Set(groups.flatMap((group) => this.#groups[group] ?? [])))
      this.#imagesOf.set(feed, (this.#imagesOf.get(feed) ?? 0) + 1);
    return true;
  }

  imagesOf(): ReadonlyMap<string, number> {
    return this.#imagesOf;
  }
}
