import { createHash, type Hash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { DurableFolders } from './_durable-folders.ts';
import { checkStorageKey, checkUploadId, isUploadId, readStorageKey, storageKeyOf } from './_storage-key.ts';
import { writeStream } from './_write-stream.ts';
import { BlobMissingError, UploadBusyError, UploadMissingError, UploadOffsetError } from './blob-errors.ts';
import type { BlobStore, OpenBlob } from './blob-store.ts';
import type { ContentListing, ListedContent, ListedUpload } from './content-listing.ts';
import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
import type { Quarantine } from './quarantine.ts';

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

export interface FileStoreOptions {
  /** Told of the moments in `fileStorePoints`. */
  readonly reach?: ((point: FileStorePoint) => void) | undefined;
  readonly fileSystem?: FileSystem;
}

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
 *     <root>/quarantine/<hex>.<generation>                   no longer what its name says; kept for people to look at
 *
 * A blob comes to its place by rename after its bytes are synced, and counts once the folder is synced too. Replicas may
 * share the folder over a network file system that keeps those promises.
 */
export class FileStore implements BlobStore, ContentListing, Quarantine {
  readonly #uploads: string;
  readonly #blobs: string;
  readonly #busy = new Set<string>();
  /** Saves reading an upload again that this process wrote from its first byte to its last, and nobody else. */
  readonly #running = new LRUCache<string, RunningHash>({ max: runningHashesMax });

  readonly #quarantine: string;
  readonly #fileSystem: FileSystem;
  readonly #folders: DurableFolders;
  readonly #reach: ((point: FileStorePoint) => void) | undefined;

  private constructor(root: string, options: FileStoreOptions) {
    this.#reach = options.reach;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#folders = new DurableFolders(this.#fileSystem);
    this.#uploads = join(root, 'uploads');
    this.#blobs = join(root, 'blobs');
    this.#quarantine = join(root, 'quarantine');
  }

  /** Makes the folders when they are missing. */
  static async open(root: string, options: FileStoreOptions = {}): Promise<FileStore> {
    const store = new FileStore(root, options);
    await store.#folders.make(store.#uploads);
    await store.#folders.make(store.#blobs);
    return store;
  }

  async read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    const handle = await this.#folders.openOrUndefined(this.#blobPath(key), constants.O_RDONLY);
    if (handle === undefined) throw new BlobMissingError(key);
    return handle.createReadStream({ highWaterMark: readChunkBytes, ...range });
  }

  async openBlob(key: string): Promise<OpenBlob> {
    const handle = await this.#folders.openOrUndefined(this.#blobPath(key), constants.O_RDONLY);
    if (handle === undefined) throw new BlobMissingError(key);
    try {
      const { size } = await handle.stat({ bigint: true });
      return {
        sizeBytes: Number(size),
        readInto: async (buffer, position) =>
          (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    return (await this.#folders.statOrUndefined(this.#blobPath(key)))?.size;
  }

  async uploadSize(uploadId: string): Promise<number | undefined> {
    return (await this.#folders.statOrUndefined(this.#uploadPath(uploadId)))?.size;
  }

  async create(uploadId: string): Promise<void> {
    const path = this.#uploadPath(uploadId);
    const handle = await this.#fileSystem.open(path, 'wx', 0o600);
    try {
      await handle.close();
      await this.#folders.sync(this.#uploads);
    } catch (cause) {
      await this.#folders.remove(path).catch(() => {}); // the collector finds it later
      throw cause;
    }
    this.#reach?.('upload.created');
  }

  async append(uploadId: string, offsetBytes: number, source: Readable): Promise<number> {
    return await this.#alone(uploadId, async () => {
      const handle = await this.#folders.openOrUndefined(this.#uploadPath(uploadId), constants.O_RDWR);
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
      const handle = await this.#folders.openOrUndefined(this.#uploadPath(uploadId), constants.O_RDWR);
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
        await this.#syncOrDiscard(handle, uploadId);
      } finally {
        await handle.close();
      }
      await this.#folders.make(dirname(path));
      this.#reach?.('blob.hashed');
      await this.#fileSystem.rename(this.#uploadPath(uploadId), path);
      this.#reach?.('blob.renamed');
      await this.#folders.sync(dirname(path));
      this.#running.delete(uploadId);
      return { kind: 'stored', key, sizeBytes };
    });
  }

  async discard(uploadId: string): Promise<void> {
    await this.#folders.remove(this.#uploadPath(uploadId));
    this.#running.delete(uploadId);
  }

  async takeOver(uploadId: string): Promise<void> {
    await this.#alone(uploadId, async () => {
      const path = this.#uploadPath(uploadId);
      // Under a name as uploads have it, so that a copy that was cut off is collected.
      const copy = this.#uploadPath(randomUUID());
      try {
        await this.#fileSystem.copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        const handle = await this.#fileSystem.open(copy, constants.O_RDWR);
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
        await this.#fileSystem.rename(copy, path);
      } catch (cause) {
        await this.#folders.remove(copy).catch(() => {});
        if ((await this.uploadSize(uploadId)) === undefined) throw new UploadMissingError(uploadId);
        throw cause;
      }
      await this.#folders.sync(this.#uploads);
    });
  }

  async delete(key: string): Promise<void> {
    await this.#folders.remove(this.#blobPath(key));
  }

  async quarantine(key: string): Promise<void> {
    await this.#folders.make(this.#quarantine);
    await this.#fileSystem.rename(this.#blobPath(key), join(this.#quarantine, basename(key)));
    await this.#folders.sync(this.#quarantine);
  }

  async *listContent(): AsyncIterable<ListedContent> {
    for (const algorithm of await this.#folders.namesIn(this.#blobs)) {
      for (const prefix of await this.#folders.namesIn(join(this.#blobs, algorithm))) {
        for (const name of await this.#folders.namesIn(join(this.#blobs, algorithm, prefix))) {
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
    for (const uploadId of await this.#folders.namesIn(this.#uploads)) {
      const found = await this.#folders.statOrUndefined(join(this.#uploads, uploadId));
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
    const handle = await this.#folders.openOrUndefined(path, constants.O_RDONLY);
    if (handle === undefined) throw new UploadMissingError(wanted.uploadId);
    try {
      const hash = await hashFile(handle, digestAlgorithm(wanted.digest));
      const actual = asDigest(hash, wanted.digest);
      if (actual !== wanted.digest) return { kind: 'mismatch', actual };
      await handle.sync();
      await this.#folders.make(dirname(path));
      await this.#folders.sync(dirname(path));
      const { size } = await handle.stat({ bigint: true });
      return { kind: 'stored', key: wanted.key, sizeBytes: Number(size) };
    } finally {
      await handle.close();
    }
  }

  /** After a sync that failed, nobody can tell what the disk has: the upload must begin anew. */
  async #syncOrDiscard(handle: OpenFile, uploadId: string): Promise<void> {
    try {
      await handle.sync();
    } catch (cause) {
      await this.discard(uploadId).catch(() => {});
      throw cause;
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

async function hashFile(handle: OpenFile, algorithm: 'sha256' | 'sha512'): Promise<Hash> {
  const hash = createHash(algorithm);
  const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: readChunkBytes });
  for await (const chunk of stream) hash.update(chunk);
  return hash;
}

function asDigest(hash: Hash, like: Digest): Digest {
  return `${digestAlgorithm(like)}:${hash.digest('hex')}` as Digest; // the algorithm's own hex
}
