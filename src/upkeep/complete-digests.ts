import { bothDigestsOf } from '../bytes/both-digests.ts';
import { type IncompleteBlob, listIncompleteBlobs, recordBlobDigests } from '../catalog/blob-digests.ts';
import type { Database } from '../database/database.ts';
import { digestAlgorithm } from '../oci/digest.ts';
import { BlobMissingError } from '../storage/blob-errors.ts';
import type { BlobStore } from '../storage/blob-store.ts';

export interface CompletedDigests {
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that could not be read as what they are. */
  readonly problems: readonly string[];
}

/** How long one run goes on before it leaves the rest to the next. */
const runMsMax = 20_000;

/**
 * Works out the digests that blobs lack, one blob at a time, the youngest first: the sha512 of those that were too large
 * to do so at their push, the sha256 of those that an earlier version keyed by their sha512.
 */
export class DigestCompleter {
  readonly #db: Database;
  readonly #store: Pick<BlobStore, 'read' | 'delete'>;
  /** Damaged or missing; who repairs them stores them under another key. */
  readonly #unreadable = new Set<string>();

  constructor(options: { readonly db: Database; readonly store: Pick<BlobStore, 'read' | 'delete'> }) {
    this.#db = options.db;
    this.#store = options.store;
  }

  async run(signal?: AbortSignal): Promise<CompletedDigests> {
    const startedAtMs = performance.now();
    const problems: string[] = [];
    let [blobs, bytes] = [0, 0];
    while (signal?.aborted !== true && performance.now() - startedAtMs < runMsMax) {
      const [blob] = await listIncompleteBlobs(this.#db, { except: [...this.#unreadable], limit: 1 });
      if (blob === undefined) break;
      const problem = await this.#complete(blob);
      if (problem === undefined) {
        blobs += 1;
        bytes += blob.sizeBytes;
      } else {
        this.#unreadable.add(blob.storageKey);
        problems.push(problem);
      }
    }
    return { blobs, bytes, problems };
  }

  async #complete({ digest, storageKey }: IncompleteBlob): Promise<string | undefined> {
    let both: Awaited<ReturnType<typeof bothDigestsOf>>;
    try {
      both = await bothDigestsOf(await this.#store.read(storageKey));
    } catch (error) {
      if (!(error instanceof BlobMissingError)) throw error;
      return `the stored copy of ${digest} is missing`;
    }
    const actual = both[digestAlgorithm(digest)];
    if (actual !== digest) return `the stored copy of ${digest} hashes to ${actual}`;
    const { replacedKey } = await this.#db
      .transaction()
      .execute((transaction) => recordBlobDigests(transaction, both));
    if (replacedKey !== undefined) await this.#store.delete(replacedKey);
    return undefined;
  }
}
