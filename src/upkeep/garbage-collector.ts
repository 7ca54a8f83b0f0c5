import {
  findGarbage,
  findGarbageOf,
  findUnheldManifests,
  forgetMarked,
  listMarked,
  listStaleUploads,
  markGarbage,
  removeUnheldManifests,
  type StoredCopy,
  type Suspect,
  unknownKeys,
  unknownUploads,
} from '../catalog/garbage.ts';
import { readDueSuspects, settleSuspects } from '../catalog/garbage-queue.ts';
import { removeStaleUploads } from '../catalog/uploads.ts';
import type { Database } from '../database/database.ts';
import type { ContentListing, ListedContent } from '../storage/content-listing.ts';
import { type Collected, CollectedTally } from './collected.ts';

/** What the collector needs of a blob store. */
export interface CollectedStore extends ContentListing {
  size(key: string): Promise<number | undefined>;
  uploadSize(uploadId: string): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  discard(uploadId: string): Promise<void>;
}

/** Moments at which a test ends the process or looks at the rows (docs/durability.md). */
export const collectorPoints = [
  'gc.locked',
  'gc.marked',
  'gc.unlinked',
  'gc.forgotten',
  'gc.orphan',
] as const;
export type CollectorPoint = (typeof collectorPoints)[number];

export interface CollectorOptions {
  readonly db: Database;
  readonly store: CollectedStore;
  readonly reach?: (point: CollectorPoint) => Promise<void> | void;
  /** Rows and files that one pass looks at, of each kind, rounded up to whole queries. Default 20,000. */
  readonly lookedAtMax?: number;
  /** Default 1,000. */
  readonly rowsPerQuery?: number;
  /** Uploads that nobody touched for so long are given up. Default 24 h (threats.md §1.9). */
  readonly uploadTtlSeconds?: number;
}

const rowsPerQueryDefault = 1_000;
const rowsPerTransaction = 50;
/** A manifest has many blobs: about as many are looked at as `rowsPerQuery` says. */
const suspectsPerQuery = 50;
const lookedAtMaxDefault = 20_000;
const uploadTtlSecondsDefault = 24 * 60 * 60;
/** An upload's file is made a moment before its row. */
const uploadGraceSeconds = 60 * 60;

/**
 * Frees what nothing holds while the registry works: blobs that no manifest of their repository refers to and no pin
 * keeps, manifests that no repository holds, uploads that were given up, and files that no row names. Several may run at
 * once, in this process or others; one that is killed leaves nothing that another does not finish.
 */
export class GarbageCollector {
  readonly #db: Database;
  readonly #store: CollectedStore;
  readonly #reach: (point: CollectorPoint) => Promise<void> | void;
  readonly #lookedAtMax: number;
  readonly #rowsPerQuery: number;
  readonly #uploadTtlSeconds: number;
  // Where the next pass goes on; another process begins anywhere else, which does not matter.
  #manifestsAfter = '';
  #blobsAfter = '';
  #files: AsyncIterator<ListedContent> | undefined;

  constructor(options: CollectorOptions) {
    this.#db = options.db;
    this.#store = options.store;
    this.#reach = options.reach ?? (() => {});
    this.#lookedAtMax = options.lookedAtMax ?? lookedAtMaxDefault;
    this.#rowsPerQuery = options.rowsPerQuery ?? rowsPerQueryDefault;
    this.#uploadTtlSeconds = options.uploadTtlSeconds ?? uploadTtlSecondsDefault;
  }

  /** One bounded pass: first what deletions left, then a part of everything; the next goes on where it ended. */
  async pass(signal?: AbortSignal): Promise<Collected> {
    const tally = new CollectedTally();
    await this.#finishMarked(tally);
    await this.#collectSuspects(tally, signal);
    await this.#collectUploads(tally);
    await this.#collectManifests(tally, signal);
    await this.#collectBlobs(tally, signal);
    await this.#collectOrphans(tally, signal);
    return tally.result();
  }

  /** Looks at everything there is, once. */
  async collectAll(signal?: AbortSignal): Promise<Collected> {
    const tally = new CollectedTally();
    this.#manifestsAfter = '';
    this.#blobsAfter = '';
    this.#files = undefined;
    await this.#finishMarked(tally);
    for (let isDone = false; !isDone; ) isDone = await this.#collectUploads(tally);
    for (let isDone = false; !isDone; ) isDone = await this.#collectManifests(tally, signal);
    for (let isDone = false; !isDone; ) isDone = await this.#collectBlobs(tally, signal);
    for (let isDone = false; !isDone; ) isDone = await this.#collectOrphans(tally, signal);
    return tally.result();
  }

  /** What `collectAll()` would free now; changes nothing. */
  async estimate(): Promise<Collected> {
    const tally = new CollectedTally();
    const db = this.#db;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const found = await findUnheldManifests(db, { after, limit: this.#rowsPerQuery });
      for (const manifest of found.manifests) tally.add('manifests', manifest.sizeBytes);
      after = found.lastDigest;
    }
    for (let after: string | undefined = ''; after !== undefined; ) {
      const found = await findGarbage(db, { after, limit: this.#rowsPerQuery });
      for (const copy of [...found.unheld, ...found.marked]) tally.add('blobs', copy.sizeBytes);
      after = found.lastDigest;
    }
    const files = this.#store.listContent()[Symbol.asyncIterator]();
    for (let isLast = false; !isLast; ) {
      const batch = await nextBatch(files, this.#rowsPerQuery);
      isLast = batch.isLast;
      for (const key of await unknownKeys(db, batch.blobs)) {
        tally.add('orphans', (await this.#store.size(key)) ?? 0);
      }
    }
    const stale = await listStaleUploads(db, this.#uploadTtlSeconds);
    for (const id of new Set([...stale, ...(await this.#unknownUploads())])) {
      tally.add('uploads', (await this.#store.uploadSize(id)) ?? 0);
    }
    return tally.result();
  }

  // Each of these returns whether it came to the end of what there is, or is told to stop.

  async #collectManifests(tally: CollectedTally, signal: AbortSignal | undefined): Promise<boolean> {
    for (
      let looked = 0;
      looked < this.#lookedAtMax && signal?.aborted !== true;
      looked += this.#rowsPerQuery
    ) {
      const found = await findUnheldManifests(this.#db, {
        after: this.#manifestsAfter,
        limit: this.#rowsPerQuery,
      });
      const digests = found.manifests.map(({ digest }) => digest);
      await this.#removeManifests(digests, tally);
      this.#manifestsAfter = found.lastDigest ?? '';
      if (found.lastDigest === undefined) return true;
    }
    return signal?.aborted === true;
  }

  async #collectBlobs(tally: CollectedTally, signal: AbortSignal | undefined): Promise<boolean> {
    for (
      let looked = 0;
      looked < this.#lookedAtMax && signal?.aborted !== true;
      looked += this.#rowsPerQuery
    ) {
      const found = await findGarbage(this.#db, { after: this.#blobsAfter, limit: this.#rowsPerQuery });
      await this.#removeBlobs(found.suspects, tally);
      this.#blobsAfter = found.lastDigest ?? '';
      if (found.lastDigest === undefined) return true;
    }
    return signal?.aborted === true;
  }

  /** What deletions left (catalog/garbage-queue.ts): blobs first, since their manifests say which they are. */
  async #collectSuspects(tally: CollectedTally, signal: AbortSignal | undefined): Promise<void> {
    for (let looked = 0; looked < this.#lookedAtMax && signal?.aborted !== true; ) {
      const due = await readDueSuspects(this.#db, suspectsPerQuery);
      if (due.ids.length === 0) return;
      const found = await findGarbageOf(this.#db, due.blobDigests);
      const busyBlobs = await this.#removeBlobs(found.suspects, tally);
      const busyManifests = await this.#removeManifests(due.digests, tally);
      await settleSuspects(this.#db, { ...due, busyDigests: [...busyBlobs, ...busyManifests] });
      looked += due.digests.length + due.blobDigests.length;
    }
  }

  /** Returns the manifests that others work with. */
  async #removeManifests(digests: readonly string[], tally: CollectedTally): Promise<readonly string[]> {
    const busy: string[] = [];
    for (const batch of batchesOf(digests, rowsPerTransaction)) {
      const removed = await unlessBusy(() => removeUnheldManifests(this.#db, batch));
      for (const manifest of removed ?? []) tally.add('manifests', manifest.sizeBytes);
      if (removed === undefined) busy.push(...batch);
    }
    return busy;
  }

  /** Returns the blobs that others work with. */
  async #removeBlobs(suspects: readonly Suspect[], tally: CollectedTally): Promise<readonly string[]> {
    const busy: string[] = [];
    for (const batch of batchesOf(suspects, rowsPerTransaction)) {
      const result = await unlessBusy(() =>
        markGarbage(this.#db, batch, async () => await this.#reach('gc.locked')),
      );
      if (result === undefined) {
        busy.push(...batch.map(({ digest }) => digest));
        continue;
      }
      tally.linkCount += result.linkCount;
      if (result.marked.length > 0) await this.#reach('gc.marked');
      for (const copy of result.marked) await this.#remove(copy, tally);
    }
    return busy;
  }

  /** Those that a collector left that was killed, or whose bytes could not be removed. */
  async #finishMarked(tally: CollectedTally): Promise<void> {
    for (const copy of await listMarked(this.#db, this.#rowsPerQuery)) await this.#remove(copy, tally);
  }

  /** First the bytes, then the row: what is killed in between is found again. */
  async #remove(copy: StoredCopy, tally: CollectedTally): Promise<void> {
    try {
      await this.#store.delete(copy.storageKey);
    } catch (error) {
      tally.fail(copy.storageKey, error);
      return;
    }
    await this.#reach('gc.unlinked');
    const isGone = await forgetMarked(this.#db, copy);
    await this.#reach('gc.forgotten');
    if (isGone) tally.add('blobs', copy.sizeBytes);
  }

  /** Files left by a process that ended between making them and telling the database, or after replacing them there. */
  async #collectOrphans(tally: CollectedTally, signal: AbortSignal | undefined): Promise<boolean> {
    this.#files ??= this.#store.listContent()[Symbol.asyncIterator]();
    for (
      let looked = 0;
      looked < this.#lookedAtMax && signal?.aborted !== true;
      looked += this.#rowsPerQuery
    ) {
      const { blobs, isLast } = await nextBatch(this.#files, this.#rowsPerQuery);
      for (const key of await unknownKeys(this.#db, blobs)) {
        await this.#reach('gc.orphan');
        const sizeBytes = await this.#store.size(key);
        if (sizeBytes === undefined) continue;
        try {
          await this.#store.delete(key);
          tally.add('orphans', sizeBytes);
        } catch (error) {
          tally.fail(key, error);
        }
      }
      if (isLast) {
        this.#files = undefined;
        return true;
      }
    }
    return signal?.aborted === true;
  }

  async #collectUploads(tally: CollectedTally): Promise<boolean> {
    const stale = await removeStaleUploads(this.#db, {
      ttlSeconds: this.#uploadTtlSeconds,
      limit: this.#rowsPerQuery,
    });
    for (const id of new Set([...stale, ...(await this.#unknownUploads())])) {
      const sizeBytes = await this.#store.uploadSize(id);
      try {
        await this.#store.discard(id);
        tally.add('uploads', sizeBytes ?? 0);
      } catch (error) {
        tally.fail(id, error);
      }
    }
    return stale.length < this.#rowsPerQuery;
  }

  async #unknownUploads(): Promise<readonly string[]> {
    const uploads = [];
    for await (const upload of this.#store.listUploads()) uploads.push(upload);
    const unknown: string[] = [];
    for (const batch of batchesOf(uploads, this.#rowsPerQuery)) {
      unknown.push(...(await unknownUploads(this.#db, { uploads: batch, graceSeconds: uploadGraceSeconds })));
    }
    return unknown;
  }
}

/** lock_not_available, query_canceled, deadlock_detected, idle_in_transaction_session_timeout (PostgreSQL Appendix A). */
const busyCodes: ReadonlySet<unknown> = new Set(['55P03', '57014', '40P01', '25P03']);

/** Undefined when others work with the rows: they are looked at again by a later pass. */
async function unlessBusy<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && busyCodes.has(error.code)) return undefined;
    throw error;
  }
}

function* batchesOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

async function nextBatch(
  files: AsyncIterator<ListedContent>,
  size: number,
): Promise<{
  readonly blobs: readonly Extract<ListedContent, { kind: 'blob' }>[];
  readonly isLast: boolean;
}> {
  const blobs: Extract<ListedContent, { kind: 'blob' }>[] = [];
  for (let count = 0; count < size; count += 1) {
    const next = await files.next();
    if (next.done === true) return { blobs, isLast: true };
    if (next.value.kind === 'blob') blobs.push(next.value);
  }
  return { blobs, isLast: false };
}
