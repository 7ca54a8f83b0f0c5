import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type FeedKnowledge, readFeedKnowledge } from '../advisories/feed-doubts.ts';
import type { DatabaseConnection } from '../database/database.ts';
import type { Distribution } from '../report/distribution.ts';
import type { PackageFacts } from '../report/image-facts.ts';
import type { Doubt } from '../report/scan-state.ts';
import { unpackIds } from './packed-ids.ts';
import { imageDoubts } from './read-facts.ts';
import { readPackageFacts } from './read-package-facts.ts';
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

/**
 * One pass over the packed sets of all images: rewrites the summaries of those that hold a changed package, or whose
 * doubts are others now. Each chunk is one COPY and one UPDATE. Returns how many summaries changed.
 */
export async function refreshSummaries(
  connection: DatabaseConnection,
  changed: ReadonlySet<number>,
  options: { readonly now: Date; readonly feedAgeMaxDays?: number; readonly signal?: AbortSignal },
): Promise<number> {
  const knowledge = await readFeedKnowledge(connection.db);
  const known = new KnownPackages(connection);
  let images = 0;
  let after = '';
  for (;;) {
    options.signal?.throwIfAborted();
    const rows = await readChunk(connection, after);
    const last = rows.at(-1);
    if (last === undefined) return images;
    after = last.manifest_digest;
    const sets = rows.map((row) => unpackIds(row.package_ids));
    await known.load(sets.flat());
    const summaries = rows.flatMap((row, index) =>
      summaryIfChanged(row, sets[index] ?? [], { known, changed, knowledge, options }),
    );
    if (summaries.length > 0) images += await writeSummaries(connection, summaries);
  }
}

/** Findings of the packages seen so far: images share most of them, so each is read once. */
class KnownPackages {
  readonly #connection: DatabaseConnection;
  readonly #facts = new Map<number, PackageFacts | undefined>();

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  async load(ids: readonly number[]): Promise<void> {
    const missing = [...new Set(ids.filter((id) => !this.#facts.has(id)))];
    if (missing.length === 0) return;
    const facts = await readPackageFacts(this.#connection.db, missing);
    for (const id of missing) this.#facts.set(id, facts.get(id));
  }

  of(ids: readonly number[]): readonly PackageFacts[] {
    return ids.flatMap((id) => this.#facts.get(id) ?? []);
  }
}

type SummaryRow = ReturnType<typeof summaryRow>;

function summaryIfChanged(
  row: ReportRow,
  ids: readonly number[],
  context: {
    readonly known: KnownPackages;
    readonly changed: ReadonlySet<number>;
    readonly knowledge: FeedKnowledge;
    readonly options: { readonly now: Date; readonly feedAgeMaxDays?: number };
  },
): readonly SummaryRow[] {
  const { known, changed, knowledge, options } = context;
  const packages = known.of(ids);
  const doubts =
    row.outcome === 'unsupported'
      ? []
      : imageDoubts({
          own: row.doubts,
          distribution: row.distribution ?? undefined,
          ecosystems: row.ecosystems,
          newestAt: row.newest_file_at ?? undefined,
          packages,
          knowledge,
          now: options.now,
          feedAgeMaxDays: options.feedAgeMaxDays ?? 5,
        });
  const isSame =
    !ids.some((id) => changed.has(id)) && JSON.stringify(row.shown_doubts) === JSON.stringify(doubts);
  return isSame ? [] : [summaryRow(row.manifest_digest, summarise(packages), doubts)];
}

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
