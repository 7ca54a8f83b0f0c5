import { Readable } from 'node:stream';
import { digestOf } from '../bytes/digest.ts';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { checkStorageKey, checkUploadId, readStorageKey, storageKeyOf } from './_storage-key.ts';
import { BlobMissingError, UploadBusyError, UploadMissingError, UploadOffsetError } from './blob-errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { ContentListing, ListedContent, ListedUpload } from './content-listing.ts';
import type { Quarantine } from './quarantine.ts';

/** Blobs in this process's memory: for tests and throw-away servers. */
export class MemoryStore implements BlobStore, ContentListing, Quarantine {
  readonly #blobs = new Map<string, Buffer>();
  readonly #uploads = new Map<string, { chunks: Buffer[]; sizeBytes: number; busy: boolean }>();

  async read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable> {
    const bytes = this.#blobs.get(checkStorageKey(key));
    if (bytes === undefined) throw new BlobMissingError(key);
    const wanted = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    return Readable.from(wanted.length === 0 ? [] : [wanted], { objectMode: false });
  }

  async size(key: string): Promise<number | undefined> {
    return this.#blobs.get(checkStorageKey(key))?.length;
  }

  async uploadSize(uploadId: string): Promise<number | undefined> {
    return this.#uploads.get(checkUploadId(uploadId))?.sizeBytes;
  }

  async create(uploadId: string): Promise<void> {
    this.#uploads.set(checkUploadId(uploadId), { chunks: [], sizeBytes: 0, busy: false });
  }

  async append(uploadId: string, offsetBytes: number, source: Readable): Promise<number> {
    const upload = this.#uploads.get(checkUploadId(uploadId));
    if (upload === undefined) throw new UploadMissingError(uploadId);
    if (upload.busy) throw new UploadBusyError(uploadId);
    if (upload.sizeBytes !== offsetBytes) {
      throw new UploadOffsetError({ uploadId, offsetBytes, currentBytes: upload.sizeBytes });
    }
    upload.busy = true;
    try {
      for await (const chunk of source) {
        const bytes = Buffer.from(chunk);
        upload.chunks.push(bytes);
        upload.sizeBytes += bytes.length;
      }
    } finally {
      upload.busy = false;
    }
    return upload.sizeBytes;
  }

  async commit(uploadId: string, digest: Digest): ReturnType<BlobStore['commit']> {
    const key = storageKeyOf(digest, uploadId);
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) {
      const sizeBytes = this.#blobs.get(key)?.length;
      if (sizeBytes === undefined) throw new UploadMissingError(uploadId);
      return { kind: 'stored', key, sizeBytes };
    }
    if (upload.busy) throw new UploadBusyError(uploadId);
    const bytes = Buffer.concat(upload.chunks);
    const actual = digestOf(bytes, digestAlgorithm(digest));
    if (actual !== digest) return { kind: 'mismatch', actual };
    this.#blobs.set(key, bytes);
    this.#uploads.delete(uploadId);
    return { kind: 'stored', key, sizeBytes: bytes.length };
  }

  async takeOver(uploadId: string): Promise<void> {
    const upload = this.#uploads.get(checkUploadId(uploadId));
    if (upload === undefined) throw new UploadMissingError(uploadId);
    this.#uploads.set(uploadId, { chunks: [...upload.chunks], sizeBytes: upload.sizeBytes, busy: false });
  }

  async discard(uploadId: string): Promise<void> {
    this.#uploads.delete(checkUploadId(uploadId));
  }

  async delete(key: string): Promise<void> {
    this.#blobs.delete(checkStorageKey(key));
  }

  async quarantine(key: string): Promise<void> {
    this.#blobs.delete(checkStorageKey(key));
  }

  async *listContent(): AsyncIterable<ListedContent> {
    for (const key of [...this.#blobs.keys()]) {
      const read = readStorageKey(key);
      if (read !== undefined) yield { kind: 'blob', key, ...read };
    }
  }

  /** It keeps no times: every upload looks old. */
  async *listUploads(): AsyncIterable<ListedUpload> {
    for (const uploadId of [...this.#uploads.keys()]) yield { uploadId, touchedAt: new Date(0) };
  }
}
