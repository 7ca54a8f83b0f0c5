import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type FeedKnowledge, readFeedKnowledge } from '../advisories/feed-doubts.ts';
import type { DatabaseConnection } from '../database/database.ts';
import type { Distribution } from '../report/distribution.ts';
import type { Doubt } from '../report/scan-state.ts';
import { imageDoubts, versionDoubts } from './image-doubts.ts';
import { KnownPackages } from './known-packages.ts';
import { isAnyOrderInUse, writeOrderCounts } from './order-counts.ts';
import { unpackIds } from './packed-ids.ts';
import { summarise } from './summarise.ts';
import { summaryRow } from './write-report.ts';

interface ReportRow {
  readonly manifest_digest: string;
  readonly outcome: string;
  readonly distribution: Distribution | null;
  readonly ecosystems: readonly string[];
  readonly doubts: readonly Doubt[];
  readonly package_ids: Buffer;
  readonly newest_file_at: Date | null;
  readonly shown_doubts: readonly Doubt[] | null;
}

/** Images in one step of the pass: about 2 MB of packed sets. */
const chunkImages = 2_000;

export interface RefreshedSummaries {
  /** Whose summary changed. */
  readonly images: number;
  /** Those that hold a package which a feed changed, by feed. */
  readonly imagesOf: ReadonlyMap<string, number>;
}

/**
 * One pass over the packed sets of all images: rewrites the summaries of those that hold a changed package, or whose
 * doubts are others now. Each chunk is one COPY and one UPDATE. `changed` says of each package which feeds changed it.
 */
export async function refreshSummaries(
  connection: DatabaseConnection,
  changed: ReadonlyMap<number, readonly string[]>,
  options: { readonly now: Date; readonly feedAgeMaxDays?: number; readonly signal?: AbortSignal },
): Promise<RefreshedSummaries> {
  const known = new KnownPackages(connection.db);
  const hasOrders = await isAnyOrderInUse(connection.db);
  const feeds = new FeedDoubts(await readFeedKnowledge(connection.db), options);
  const imagesOf = new Map<string, number>();
  let images = 0;
  let after = '';
  for (;;) {
    options.signal?.throwIfAborted();
    const rows = await readChunk(connection, after);
    const last = rows.at(-1);
    if (last === undefined) return { images, imagesOf };
    after = last.manifest_digest;
    const stale = rows
      .filter((row) => holdsAny(row.package_ids, changed) || hasOtherDoubts(row, feeds))
      .map((row) => ({ row, ids: unpackIds(row.package_ids) }));
    if (stale.length === 0) continue;
    for (const { ids } of stale) {
      for (const feed of new Set(ids.flatMap((id) => changed.get(id) ?? [])))
        imagesOf.set(feed, (imagesOf.get(feed) ?? 0) + 1);
    }
    await known.load(stale.flatMap(({ ids }) => ids));
    const judged = stale.map(({ row, ids }) => ({ row, packages: known.of(ids) }));
    const summaries = judged.map(({ row, packages }) => {
      const doubts = [...settledDoubts(row, feeds), ...versionDoubts(packages)];
      return summaryRow(row.manifest_digest, summarise(packages), doubts);
    });
    images += await writeSummaries(connection, summaries);
    if (hasOrders) {
      const counted = judged.map(({ row, packages }) => ({ digest: row.manifest_digest, packages }));
      await writeOrderCounts(connection.db, counted);
    }
  }
}

/** Reads the packed set where it lies: most images hold nothing that changed, and are not unpacked. */
function holdsAny(packed: Buffer, ids: ReadonlyMap<number, unknown>): boolean {
  if (ids.size === 0) return false;
  for (let offset = 0; offset + 4 <= packed.length; offset += 4) {
    if (ids.has(packed.readUInt32LE(offset))) return true;
  }
  return false;
}

/** The doubts that do not hang on packages: of the image itself and of the feeds now. */
function settledDoubts(row: ReportRow, feeds: FeedDoubts): readonly Doubt[] {
  return row.outcome === 'unsupported' ? [] : [...row.doubts, ...feeds.of(row)];
}

/** Whether the shown doubts differ for another reason than the image's packages. */
function hasOtherDoubts(row: ReportRow, feeds: FeedDoubts): boolean {
  const ofImage = new Set(row.doubts.map(({ message }) => message));
  const shown = row.shown_doubts?.filter(
    ({ code, message }) => code !== 'undetermined-version' || ofImage.has(message),
  );
  return JSON.stringify(shown) !== JSON.stringify(settledDoubts(row, feeds));
}

/** Doubts about the feeds, worked out once for all images of one distribution, age and set of ecosystems. */
class FeedDoubts {
  readonly #knowledge: FeedKnowledge;
  readonly #options: { readonly now: Date; readonly feedAgeMaxDays?: number };
  readonly #known = new Map<string, readonly Doubt[]>();

  constructor(knowledge: FeedKnowledge, options: { readonly now: Date; readonly feedAgeMaxDays?: number }) {
    this.#knowledge = knowledge;
    this.#options = options;
  }

  of({ distribution, ecosystems, newest_file_at: newestAt }: ReportRow): readonly Doubt[] {
    const key = JSON.stringify([distribution, ecosystems, newestAt]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { now, feedAgeMaxDays = 5 } = this.#options;
    const doubts = imageDoubts({
      own: [],
      packages: [],
      distribution: distribution ?? undefined,
      ecosystems,
      newestAt: newestAt ?? undefined,
      knowledge: this.#knowledge,
      now,
      feedAgeMaxDays,
    });
    this.#known.set(key, doubts);
    return doubts;
  }
}

type SummaryRow = ReturnType<typeof summaryRow>;

async function readChunk({ pool }: DatabaseConnection, after: string): Promise<readonly ReportRow[]> {
  const { rows } = await pool.query<ReportRow>(
    `select r.manifest_digest, r.outcome, r.distribution, r.ecosystems, r.doubts, r.package_ids, r.newest_file_at,
            s.doubts as shown_doubts
     from image_report r left join image_summary s using (manifest_digest)
     where r.manifest_digest > $1 order by r.manifest_digest limit ${chunkImages}`,
    [after],
  );
  return rows;
}

const columns = [
  'manifest_digest',
  'highest',
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
  'fixable',
  'known_exploited',
  'undetermined',
  'doubts',
] as const satisfies readonly (keyof SummaryRow)[];

async function writeSummaries(
  { pool }: DatabaseConnection,
  summaries: readonly SummaryRow[],
): Promise<number> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await client.query('begin');
    const count = await replaceSummaries(client, summaries);
    await client.query('commit');
    isDone = true;
    return count;
  } finally {
    client.release(!isDone);
  }
}

async function replaceSummaries(client: pg.PoolClient, summaries: readonly SummaryRow[]): Promise<number> {
  const list = columns.join(', ');
  await client.query(
    `create temporary table new_summary on commit drop as select ${list} from image_summary with no data`,
  );
  await pipeline(
    Readable.from(summaries.map((row) => `${columns.map((column) => copyText(row[column])).join('\t')}\n`)),
    client.query(copyFrom(`copy new_summary (${list}) from stdin`)),
  );
  const data = columns.slice(1);
  const { rowCount } = await client.query(
    `update image_summary s set ${data.map((column) => `${column} = n.${column}`).join(', ')},
       revision = s.revision + 1, judged_at = now()
     from new_summary n where n.manifest_digest = s.manifest_digest
       and (${data.map((column) => `s.${column}`).join(', ')}) is distinct from (${data.map((column) => `n.${column}`).join(', ')})`,
  );
  return rowCount ?? 0;
}

/** PostgreSQL's text form of COPY. */
function copyText(value: string | number | boolean | null): string {
  if (value === null) return '\\N';
  return String(value).replace(/[\\\t\n\r]/g, (char) => copyEscapes[char] ?? char);
}

const copyEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};
