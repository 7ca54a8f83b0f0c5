import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type pg from 'pg';
import type { SeverityRating } from '../../report/severity.ts';

/** A record as a mirror would serve it. */
export interface StoredRecord {
  readonly id: string;
  readonly json: Buffer;
  readonly deflated: Buffer;
}

/** What is stored of a record is not what was read from its mirror: the database is damaged. */
export class StoredRecordDamagedError extends Error {
  override readonly name = 'StoredRecordDamagedError';
  readonly code = 'stored-record-damaged';
}

const rowsAtOnce = 200;

/** The rows of a query in pieces, in a transaction of the client; one query at a time. */
export async function* rowsOf<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  query: string,
  values: readonly unknown[] = [],
): AsyncGenerator<Row> {
  await client.query(`declare bundle_rows no scroll cursor for ${query}`, [...values]);
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${rowsAtOnce} from bundle_rows`);
    yield* rows;
    if (rows.length < rowsAtOnce) break;
  }
  await client.query('close bundle_rows');
}

/** The records of an ecosystem byte for byte as they were read, by id. Throws `StoredRecordDamagedError`. */
export async function* ecosystemRecords(client: pg.ClientBase, feed: string): AsyncGenerator<StoredRecord> {
  const rows = rowsOf<{ id: string; record: Buffer; content_hash: Buffer }>(
    client,
    `select a.id, a.record, a.content_hash from feed_advisory f join advisory a on a.id = f.advisory_id
     where f.feed = $1 order by a.id collate "C"`,
    [feed],
  );
  for await (const { id, record, content_hash: hash } of rows) {
    const json = inflateRawSync(record, { chunkSize: chunkSizeFor(record.length * 6) });
    if (!createHash('sha256').update(json).digest().equals(hash)) {
      throw new StoredRecordDamagedError(
        `Cannot export "${id}": its stored record must hash to ${hash.toString('hex')}, got another; "pratique advisories sync --full" reads it again`,
      );
    }
    yield { id, json, deflated: record };
  }
}

/** zlib's buffers live until they are collected: those of its default size would be mostly empty, and far more memory. */
function chunkSizeFor(bytes: number): number {
  return Math.min(Math.max(bytes, 1_024), 64 * 1_024);
}

interface CveRow {
  id: string;
  modified_at: Date;
  published_at: Date | null;
  ratings: readonly SeverityRating[];
  cwes: readonly string[];
  details: string;
}

/** The CVE records by id. Of them only what is read is stored, so they are written anew: reading them gives the same rows. */
export async function* cveRecords(client: pg.ClientBase): AsyncGenerator<StoredRecord> {
  const rows = rowsOf<CveRow>(
    client,
    'select id, modified_at, published_at, ratings, cwes, details from cve order by id collate "C"',
  );
  for await (const row of rows) {
    const json = Buffer.from(JSON.stringify(cveRecord(row)));
    yield { id: row.id, json, deflated: deflateRawSync(json, { chunkSize: chunkSizeFor(json.length) }) };
  }
}

/** The inverse of `recordRatings()`: vectors, words of a vendor, a word of the record, scores without a vector. */
function cveRecord(row: CveRow): object {
  const { ratings } = row;
  const listed = ratings.filter(({ source, vector }) => vector !== undefined || source === 'vendor');
  const word = ratings.find(({ source }) => source === 'ecosystem');
  const bare = ratings.filter(({ score, vector }) => score !== undefined && vector === undefined);
  return {
    id: row.id,
    modified: row.modified_at.toISOString(),
    ...(row.published_at === null ? {} : { published: row.published_at.toISOString() }),
    details: row.details,
    severity: listed.map(({ source, severity, vector }) =>
      vector === undefined
        ? { type: 'vendor', score: severity }
        : { type: source.toUpperCase().replace('-', '_'), score: vector },
    ),
    database_specific: {
      cwe_ids: row.cwes,
      ...(word === undefined ? {} : { severity: word.severity }),
      ...Object.fromEntries(bare.map(({ source, score }) => [source.replace('-', '_'), score])),
    },
  };
}

interface ExploitedRow {
  cve: string;
  added_on: string;
  due_on: string | null;
  ransomware: boolean;
  details: Readonly<Record<'name' | 'description' | 'requiredAction' | 'notes', string>>;
}

/** CISA's catalogue with the fields that are read of it. */
export async function exploitedCatalogue(
  client: pg.ClientBase,
  releasedAt: Date | undefined,
): Promise<{ readonly bytes: Buffer; readonly count: number }> {
  const { rows } = await client.query<ExploitedRow>(
    'select cve, added_on, due_on, ransomware, details from known_exploited order by cve collate "C"',
  );
  const vulnerabilities = rows.map((row) => ({
    cveID: row.cve,
    vulnerabilityName: row.details.name,
    dateAdded: row.added_on,
    shortDescription: row.details.description,
    requiredAction: row.details.requiredAction,
    ...(row.due_on === null ? {} : { dueDate: row.due_on }),
    knownRansomwareCampaignUse: row.ransomware ? 'Known' : 'Unknown',
    notes: row.details.notes,
  }));
  const catalogue = {
    ...(releasedAt === undefined ? {} : { dateReleased: releasedAt.toISOString() }),
    count: vulnerabilities.length,
    vulnerabilities,
  };
  return { bytes: Buffer.from(JSON.stringify(catalogue)), count: vulnerabilities.length };
}

/** FIRST's scores as its file has them; numbers are PostgreSQL's shortest text that gives the same `real`. */
export async function* predictionLines(
  client: pg.ClientBase,
  scoredAt: Date | undefined,
): AsyncGenerator<string> {
  if (scoredAt !== undefined) yield `#score_date:${scoredAt.toISOString()}\n`;
  yield 'cve,epss,percentile\n';
  const rows = rowsOf<{ line: string }>(
    client,
    `select cve || ',' || probability || ',' || percentile as line from epss order by cve collate "C"`,
  );
  for await (const { line } of rows) yield `${line}\n`;
}
