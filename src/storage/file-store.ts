import { createHash, type Hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { checkStorageKey, checkUploadId, isUploadId, readStorageKey, storageKeyOf } from './_storage-key.ts';
import { writeStream } from './_write-stream.ts';
import { BlobMissingError, UploadBusyError, UploadMissingError, UploadOffsetError } from './blob-errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { ContentListing, ListedContent, ListedUpload } from './content-listing.ts';

const readChunkBytes = 256 * 1024;
const runningHashesMax = 1_024;

/** Moments at which a test ends the process (docs/durability.md). */
export const fileStorePoints = [
  'upload.created',
  'upload.part-written',
  'upload.synced',
  'blob.hashed',
  'blob.renamed',
] as const;
export type FileStorePoint = (typeof fileStorePoints)[number];

/** A hash over a file's first bytes, with what the file looked like when they were all it had. */
interface RunningHash {
  readonly hash: Hash;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly modifiedAtNs: bigint;
}

/**
 * Blobs as files of one folder:
 *
 *     <root>/uploads/<uuid>                                  grows, synced after every append
 *     <root>/blobs/sha256/<first byte>/<hex>.<generation>    whole and hashed; never written again
 *
 * A blob comes to its place by rename after its bytes are synced, and counts once the folder is synced too. Replicas may
 * share the folder over a network file system that keeps those promises.
 */
export class FileStore implements BlobStore, ContentListing {
  readonly #uploads: string;
  readonly #blobs: string;
  readonly #busy = new Set<string>();
  /** Saves reading an upload again that this process wrote from its first byte to its last, and nobody else. */
  readonly #running = new LRUCache<string, RunningHash>({ max: runningHashesMax });

  readonly #reach: ((point: FileStorePoint) => void) | undefined;

  private constructor(root: string, reach?: (point: FileStorePoint) => void) {
    this.#reach = reach;
    this.#uploads = join(root, 'uploads');
    this.#blobs = join(root, 'blobs');
  }

  /** Makes the folders when they are missing. `reach` is told of the moments in `fileStorePoints`. */
  static async open(root: string, reach?: (point: FileStorePoint) => void): Promise<FileStore> {
    const store = new FileStore(root, reach);
    await makeFolder(store.#uploads);
    await makeFolder(store.#blobs);
    return store;
  }

  async read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    const handle = await openOrUndefined(this.#blobPath(key), constants.O_RDONLY);
    if (handle === undefined) throw new BlobMissingError(key);
    return handle.createReadStream({ highWaterMark: readChunkBytes, ...range });
  }

  async size(key: string): Promise<number | undefined> {
    return await fileSizeBytes(this.#blobPath(key));
  }

  async uploadSize(uploadId: string): Promise<number | undefined> {
    return await fileSizeBytes(this.#uploadPath(uploadId));
  }

  async create(uploadId: string): Promise<void> {
    const handle = await open(this.#uploadPath(uploadId), 'wx', 0o600);
    await handle.close();
    await syncFolder(this.#uploads);
    this.#reach?.('upload.created');
  }

  async append(uploadId: string, offsetBytes: number, source: Readable): Promise<number> {
    return await this.#alone(uploadId, async () => {
      const handle = await openOrUndefined(this.#uploadPath(uploadId), constants.O_RDWR);
      if (handle === undefined) throw new UploadMissingError(uploadId);
      try {
        const before = await handle.stat({ bigint: true });
        const currentBytes = Number(before.size);
        if (currentBytes !== offsetBytes) {
          throw new UploadOffsetError({ uploadId, offsetBytes, currentBytes });
        }
        const hash = offsetBytes === 0 ? createHash('sha256') : this.#takeRunning(uploadId, before);
        const written = await writeStream({
          handle,
          offsetBytes,
          source,
          hash,
          onWritten: () => this.#reach?.('upload.part-written'),
        });
        this.#reach?.('upload.synced');
        const after = await handle.stat({ bigint: true });
        if (hash !== undefined && Number(after.size) === written.offsetBytes) {
          this.#running.set(uploadId, {
            hash,
            sizeBytes: written.offsetBytes,
            inode: after.ino,
            modifiedAtNs: after.mtimeNs,
          });
        }
        if (written.error !== undefined) throw written.error;
        return written.offsetBytes;
      } finally {
        await handle.close();
      }
    });
  }

  async commit(uploadId: string, digest: Digest): ReturnType<BlobStore['commit']> {
    return await this.#alone(uploadId, async () => {
      const key = storageKeyOf(digest, uploadId);
      const path = this.#blobPath(key);
      const handle = await openOrUndefined(this.#uploadPath(uploadId), constants.O_RDWR);
      if (handle === undefined) return await this.#commitAgain({ uploadId, digest, key });
      let sizeBytes: number;
      try {
        const found = await handle.stat({ bigint: true });
        const running = digestAlgorithm(digest) === 'sha256' ? this.#running.get(uploadId) : undefined;
        const hash =
          running !== undefined && fits(running, found)
            ? running.hash.copy()
            : await hashFile(handle, digestAlgorithm(digest));
        const actual = asDigest(hash, digest);
        if (actual !== digest) return { kind: 'mismatch', actual };
        sizeBytes = Number(found.size);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await makeFolder(dirname(path));
      this.#reach?.('blob.hashed');
      await rename(this.#uploadPath(uploadId), path);
      this.#reach?.('blob.renamed');
      await syncFolder(dirname(path));
      this.#running.delete(uploadId);
      return { kind: 'stored', key, sizeBytes };
    });
  }

  async discard(uploadId: string): Promise<void> {
    await rm(this.#uploadPath(uploadId), { force: true });
    this.#running.delete(uploadId);
  }

  async delete(key: string): Promise<void> {
    await rm(this.#blobPath(key), { force: true });
  }

  async *listContent(): AsyncIterable<ListedContent> {
    for (const algorithm of await namesIn(this.#blobs)) {
      for (const prefix of await namesIn(join(this.#blobs, algorithm))) {
        for (const name of await namesIn(join(this.#blobs, algorithm, prefix))) {
          const key = `${algorithm}/${prefix}/${name}`;
          const read = readStorageKey(key);
          yield read === undefined
            ? { kind: 'foreign', name: key.replace(/\/+$/, '') }
            : { kind: 'blob', key, ...read };
        }
      }
    }
  }

  async *listUploads(): AsyncIterable<ListedUpload> {
    for (const uploadId of await namesIn(this.#uploads)) {
      const found = await statOrUndefined(join(this.#uploads, uploadId));
      if (found !== undefined && isUploadId(uploadId)) yield { uploadId, touchedAt: found.mtime };
    }
  }

  /** The upload was committed before, and the process ended before its caller heard of it. */
  async #commitAgain(wanted: {
    readonly uploadId: string;
    readonly digest: Digest;
    readonly key: string;
  }): ReturnType<BlobStore['commit']> {
    const path = this.#blobPath(wanted.key);
    const handle = await openOrUndefined(path, constants.O_RDONLY);
    if (handle === undefined) throw new UploadMissingError(wanted.uploadId);
    try {
      const hash = await hashFile(handle, digestAlgorithm(wanted.digest));
      const actual = asDigest(hash, wanted.digest);
      if (actual !== wanted.digest) return { kind: 'mismatch', actual };
      await syncFolder(dirname(path));
      return { kind: 'stored', key: wanted.key, sizeBytes: (await handle.stat()).size };
    } finally {
      await handle.close();
    }
  }

  async #alone<Result>(uploadId: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#busy.has(checkUploadId(uploadId))) throw new UploadBusyError(uploadId);
    this.#busy.add(uploadId);
    try {
      return await work();
    } finally {
      this.#busy.delete(uploadId);
    }
  }

  #takeRunning(uploadId: string, found: FoundFile): Hash | undefined {
    const running = this.#running.get(uploadId);
    this.#running.delete(uploadId);
    return running !== undefined && fits(running, found) ? running.hash : undefined;
  }

  #uploadPath(uploadId: string): string {
    return join(this.#uploads, checkUploadId(uploadId));
  }

  #blobPath(key: string): string {
    return join(this.#blobs, checkStorageKey(key));
  }
}

interface FoundFile {
  readonly size: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

/** Whether the file is as it was when the hash had seen all of it: nobody else has written to it since. */
function fits(running: RunningHash, found: FoundFile): boolean {
  return (
    BigInt(running.sizeBytes) === found.size &&
    running.inode === found.ino &&
    running.modifiedAtNs === found.mtimeNs
  );
}

async function hashFile(handle: FileHandle, algorithm: 'sha256' | 'sha512'): Promise<Hash> {
  const hash = createHash(algorithm);
  const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: readChunkBytes });
  for await (const chunk of stream) hash.update(chunk);
  return hash;
}

function asDigest(hash: Hash, like: Digest): Digest {
  return `${digestAlgorithm(like)}:${hash.digest('hex')}` as Digest; // the algorithm's own hex
}

/** Makes a folder and its parents, each synced into the one above it. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openOrUndefined(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function fileSizeBytes(path: string): Promise<number | undefined> {
  return (await statOrUndefined(path))?.size;
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Names in a folder; the path itself, as the empty name, when it is a file. Empty when it is gone. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [''];
    if (isNotFound(error)) return [];
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
