import { sql } from 'kysely';
import { createHasher } from '../bytes/digest.ts';
import { unknownKeys, unknownUploads } from '../catalog/garbage.ts';
import type { Database } from '../database/database.ts';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { BlobMissingError } from '../storage/blob-errors.ts';
import type { BlobReader } from '../storage/blob-store.ts';
import type { ContentListing, ListedContent } from '../storage/content-listing.ts';
import type { Breach } from './breach.ts';

const rowsPerQuery = 1_000;
const uploadGraceSeconds = 60 * 60;

export interface ContentCheckOptions {
  readonly db: Database;
  readonly store: BlobReader & ContentListing;
  /** Reads and hashes every byte. */
  readonly isDeep: boolean;
  readonly onChecked: (kind: 'blobs' | 'files', sizeBytes: number) => void;
}

interface BlobRow {
  readonly digest: Digest;
  readonly storageKey: string;
  readonly sizeBytes: number;
}

/** INV1: every blob that was acknowledged is there, as long as it was, and hashes to its digest. */
export async function* checkBlobs(options: ContentCheckOptions): AsyncGenerator<Breach> {
  const { db } = options;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { rows }: { rows: BlobRow[] } = await sql<BlobRow>`
      select digest, storage_key as "storageKey", size_bytes as "sizeBytes" from blob
      where state = 'stored' and digest > ${after} order by digest limit ${rowsPerQuery}`.execute(db);
    for (const row of rows) {
      options.onChecked('blobs', row.sizeBytes);
      const problem = await problemOfBlob(options, row);
      if (problem === undefined) continue;
      // A push or the collector may have replaced the copy since its row was read.
      const now = await readRow(db, row.digest);
      const again = now === undefined ? undefined : await problemOfBlob(options, now);
      if (again === undefined) continue;
      yield {
        invariant: 'INV1',
        level: 'broken',
        subject: row.digest,
        problem: `its stored copy ${again}`,
        remedy: `push it again, which repairs it; it is held by ${await holdersOf(db, row.digest)}`,
      };
    }
    after = rows.length < rowsPerQuery ? undefined : rows.at(-1)?.digest;
  }
}

async function readRow(db: Database, digest: string): Promise<BlobRow | undefined> {
  const { rows } = await sql<BlobRow>`
    select digest, storage_key as "storageKey", size_bytes as "sizeBytes" from blob
    where state = 'stored' and digest = ${digest}`.execute(db);
  return rows[0];
}

async function problemOfBlob(options: ContentCheckOptions, row: BlobRow): Promise<string | undefined> {
  const sizeBytes = await options.store.size(row.storageKey);
  if (sizeBytes === undefined) return 'is missing';
  if (sizeBytes !== row.sizeBytes) return `has ${sizeBytes} bytes instead of ${row.sizeBytes}`;
  if (!options.isDeep) return undefined;
  const actual = await hashOf(options.store, { key: row.storageKey, like: row.digest });
  if (actual === undefined) return 'is missing';
  return actual === row.digest ? undefined : `hashes to ${actual}`;
}

async function hashOf(
  store: BlobReader,
  content: { readonly key: string; readonly like: Digest },
): Promise<Digest | undefined> {
  const hasher = createHasher(digestAlgorithm(content.like));
  try {
    for await (const chunk of await store.read(content.key)) hasher.update(chunk);
  } catch (error) {
    if (error instanceof BlobMissingError) return undefined;
    throw error;
  }
  return hasher.digest();
}

async function holdersOf(db: Database, digest: string): Promise<string> {
  const { rows } = await sql<{ name: string; total: number }>`
    select n.name || '/' || r.name as name, count(*) over () as total
    from repository_blob l join repository r on r.id = l.repository_id join namespace n on n.id = r.namespace_id
    where l.digest = ${digest} order by 1 limit 3`.execute(db);
  const more = (rows[0]?.total ?? 0) - rows.length;
  const names = rows.map((row) => row.name).join(', ');
  if (names === '') return 'no repository';
  return more > 0 ? `${names} and ${more} more` : names;
}

/** INV3 and INV5: every file is named after its content, and nothing is left over. */
export async function* checkFiles(options: ContentCheckOptions): AsyncGenerator<Breach> {
  let batch: Extract<ListedContent, { kind: 'blob' }>[] = [];
  for await (const content of options.store.listContent()) {
    options.onChecked('files', 0);
    if (content.kind === 'foreign') {
      yield {
        invariant: 'INV3',
        level: 'broken',
        subject: content.name,
        problem: 'this file of the blob store has a name that Pratique does not give',
        remedy: 'see who put it there, and remove it',
      };
      continue;
    }
    batch.push(content);
    if (batch.length < rowsPerQuery) continue;
    yield* checkBatch(options, batch);
    batch = [];
  }
  yield* checkBatch(options, batch);
}

async function* checkBatch(
  options: ContentCheckOptions,
  batch: readonly Extract<ListedContent, { kind: 'blob' }>[],
): AsyncGenerator<Breach> {
  const { db, store } = options;
  const unknown = new Set(await unknownKeys(db, batch));
  for (const { key, digest } of batch) {
    if (!unknown.has(key)) continue;
    const actual = options.isDeep ? await hashOf(store, { key, like: digest }) : digest;
    if (actual !== undefined && actual !== digest) {
      yield {
        invariant: 'INV3',
        level: 'broken',
        subject: key,
        problem: `this file hashes to ${actual}; nothing refers to it`,
        remedy: 'run "pratique gc", and look at the disk it was on',
      };
    } else if (actual !== undefined && (await store.size(key)) !== undefined) {
      yield reclaimable(key, 'no row names this file: its upload was cut off, or it was replaced');
    }
  }
}

/** INV5: uploads without a row, and blobs whose removal has begun. */
export async function* checkLeftovers(options: ContentCheckOptions): AsyncGenerator<Breach> {
  const { db, store } = options;
  const uploads = [];
  for await (const upload of store.listUploads()) uploads.push(upload);
  for (let at = 0; at < uploads.length; at += rowsPerQuery) {
    const some = uploads.slice(at, at + rowsPerQuery);
    for (const id of await unknownUploads(db, { uploads: some, graceSeconds: uploadGraceSeconds })) {
      yield reclaimable(`upload ${id}`, 'its repository is gone, or the server was killed while it began');
    }
  }
  const { rows } = await sql<{ digest: string }>`
    select digest from blob where state = 'deleting' order by digest limit ${rowsPerQuery}`.execute(db);
  for (const { digest } of rows) yield reclaimable(digest, 'its removal has begun and has not ended');
}

function reclaimable(subject: string, problem: string): Breach {
  const remedy =
    'nothing: the server frees it in its rounds, which take up to an hour with a million blobs; "pratique gc" does so now';
  return { invariant: 'INV5', level: 'reclaimable', subject, problem, remedy };
}
