import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { ZipWriter } from '../../bytes/zip-writer.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import { feedNames } from '../feed-names.ts';
import {
  cveRecords,
  ecosystemRecords,
  exploitedCatalogue,
  predictionLines,
  type StoredRecord,
} from './_stored-records.ts';
import { type Bundle, type BundleSource, bundleManifest, openBundle } from './bundle.ts';
import { type BundleConfig, type BundleFeed, bundleSchema, feedMediaType } from './bundle-config.ts';
import { BundleRefusedError } from './bundle-error.ts';
import { signatureAnnotation } from './bundle-signature.ts';

export interface MakeBundleOptions {
  readonly connection: DatabaseConnection;
  /** An empty folder for the layers; as large as the bundle. The caller removes it. */
  readonly folder: string;
  /** Private Ed25519 keys; none makes a bundle that is unsigned. */
  readonly keys: readonly KeyObject[];
  readonly signal: AbortSignal;
  readonly onFeed: (feed: string) => void;
}

/**
 * Makes a bundle of everything that is held, of one instant of the database. The same state and keys give the same bytes.
 * Throws `BundleRefusedError` when nothing is held, and `StoredRecordDamagedError`.
 */
export async function makeBundle(options: MakeBundleOptions): Promise<Bundle> {
  const client = await options.connection.pool.connect();
  let reusable = false;
  try {
    await client.query('begin isolation level repeatable read read only');
    const feeds = await writeFeeds(client, options);
    await client.query('commit');
    reusable = true;
    return await openBundle(await sourceOf(feeds, options));
  } finally {
    // Closed in the middle of a transaction, which ends it.
    client.release(!reusable);
  }
}

interface HeldFeed {
  name: string;
  newest_record_at: Date | null;
  last_success_at: Date;
}

/** A feed that a bundle cannot hold is empty, or was never read. */
async function writeFeeds(client: pg.ClientBase, options: MakeBundleOptions): Promise<readonly BundleFeed[]> {
  const { rows } = await client.query<HeldFeed>(
    `select name, newest_record_at, last_success_at from feed
     where last_success_at is not null and record_count > 0 and name <> $1 order by name collate "C"`,
    [feedNames.ecosystems],
  );
  const feeds: BundleFeed[] = [];
  for (const row of rows) {
    options.signal.throwIfAborted();
    options.onFeed(row.name);
    await using layer = await LayerFile.create(join(options.folder, String(feeds.length)));
    const recordCount = await writeFeed(client, row, layer);
    const { digest, size } = await layer.finish();
    feeds.push({
      name: row.name,
      recordCount,
      ...(row.newest_record_at === null ? {} : { newestRecordAt: row.newest_record_at.toISOString() }),
      confirmedAt: row.last_success_at.toISOString(),
      mediaType: feedMediaType(row.name),
      digest,
      size,
    });
  }
  return feeds;
}

async function writeFeed(client: pg.ClientBase, feed: HeldFeed, layer: LayerFile): Promise<number> {
  const statedAt = feed.newest_record_at ?? undefined;
  if (feed.name === feedNames.kev) {
    const catalogue = await exploitedCatalogue(client, statedAt);
    await layer.write(catalogue.bytes);
    return catalogue.count;
  }
  if (feed.name === feedNames.epss) return await writeLines(predictionLines(client, statedAt), layer);
  return await writeZip(
    feed.name === feedNames.cve ? cveRecords(client) : ecosystemRecords(client, feed.name),
    layer,
  );
}

async function writeLines(lines: AsyncIterable<string>, layer: LayerFile): Promise<number> {
  let count = 0;
  for await (const line of lines) {
    await layer.write(Buffer.from(line));
    if (line.startsWith('CVE-')) count += 1;
  }
  return count;
}

/** By its first bytes a layer must be no archive that a runtime could unpack: scanners then know that it is no image. */
const preamble = Buffer.from(
  `${'OSV records of one ecosystem: a zip archive begins behind these 512 bytes'.padEnd(511)}\n`,
);

async function writeZip(records: AsyncIterable<StoredRecord>, layer: LayerFile): Promise<number> {
  const zip = new ZipWriter(preamble.length);
  await layer.write(preamble);
  let count = 0;
  for await (const { id, json, deflated } of records) {
    for (const piece of zip.add({ name: `${id}.json`, deflated }, json)) await layer.write(piece);
    count += 1;
  }
  for (const piece of zip.end()) await layer.write(piece);
  return count;
}

const bufferedBytes = 2 ** 20;

/**
 * A layer on its way to disk, hashed as it passes. Pieces are copied: those that zlib makes are small views of large
 * buffers, which must not be kept.
 */
class LayerFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.allocUnsafe(bufferedBytes);
  #filled = 0;
  #size = 0;

  static async create(path: string): Promise<LayerFile> {
    return new LayerFile(await open(path, 'wx', 0o600));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(piece: Uint8Array): Promise<void> {
    if (this.#filled + piece.length > bufferedBytes) await this.#flush();
    if (piece.length > bufferedBytes) return await this.#take(piece);
    this.#buffer.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  async finish(): Promise<{ readonly digest: string; readonly size: number }> {
    await this.#flush();
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    await this.#take(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  async #take(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    await this.#file.writeFile(bytes);
  }
}

async function sourceOf(feeds: readonly BundleFeed[], options: MakeBundleOptions): Promise<BundleSource> {
  const name = 'the advisories held';
  const newestMs = Math.max(...feeds.map(({ confirmedAt }) => Date.parse(confirmedAt)));
  if (feeds.length === 0) {
    throw new BundleRefusedError(
      name,
      'there must be advisories to export, got none; "pratique advisories sync" reads them',
    );
  }
  const config: BundleConfig = {
    schema: bundleSchema,
    version: newestMs,
    createdAt: new Date(newestMs).toISOString(),
    feeds: [...feeds],
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const signatures = options.keys.map((key) => signatureAnnotation(configBytes, key));
  const manifest = bundleManifest({ config, configBytes, signatures });
  const files = new Map(feeds.map(({ digest }, index) => [digest, join(options.folder, String(index))]));
  return {
    name,
    readManifest: async () => manifest,
    open: async ({ digest }) => {
      const file = files.get(digest);
      return file === undefined
        ? Readable.from([configBytes])
        : createReadStream(file, { highWaterMark: bufferedBytes });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
