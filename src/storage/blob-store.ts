import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';

/** A blob held open: its bytes stay readable when its key is deleted meanwhile. */
export interface OpenBlob {
  readonly sizeBytes: number;
  /** Reads the bytes from `position` on into `buffer`; returns how many came, 0 only at the end. */
  readInto(buffer: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Bytes under a key that this project chose; never a name that a client sent. */
export interface BlobReader {
  /** Bytes `start`…`end` (both included, default: all). Throws `BlobMissingError` when there is none. */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /** Size in bytes, or undefined when there is none. */
  size(key: string): Promise<number | undefined>;
  /**
   * For stores that can read into memory of the caller's choice, which is far cheaper than a stream; absent in others.
   * Throws `BlobMissingError`. Whoever opens closes.
   */
  openBlob?(key: string): Promise<OpenBlob>;
}

/** An upload that survives a restart: bytes are appended, then committed once under the digest they hash to. */
export interface UploadStore {
  /** `uploadId` is a new lower-case UUID. */
  create(uploadId: string): Promise<void>;
  /**
   * Appends at `offsetBytes`, which must be the current size, and returns the new size once the bytes are durable.
   * A source that breaks off leaves what arrived and throws. Throws `UploadMissingError`, `UploadOffsetError`, and
   * `UploadBusyError` while another call works on the same upload.
   */
  append(uploadId: string, offsetBytes: number, source: Readable): Promise<number>;
  /** Bytes that arrived, or undefined when the upload is unknown. */
  uploadSize(uploadId: string): Promise<number | undefined>;
  /**
   * Hashes the stored bytes, and when they hash to `digest` makes them a blob: fsync, rename, fsync of the directory.
   * Returns the key and size; `mismatch` leaves the upload as it was. Committing again under the same digest returns the
   * same, so that a request that was cut off can be repeated.
   */
  commit(
    uploadId: string,
    digest: Digest,
  ): Promise<
    | { readonly kind: 'stored'; readonly key: string; readonly sizeBytes: number }
    | { readonly kind: 'mismatch'; readonly actual: Digest }
  >;
  /**
   * Cuts off whoever worked on the upload before and may not know that it lost the right to: what that one writes from
   * now on goes nowhere. Throws `UploadMissingError`.
   */
  takeOver(uploadId: string): Promise<void>;
  discard(uploadId: string): Promise<void>;
}

export interface BlobStore extends BlobReader, UploadStore {
  delete(key: string): Promise<void>;
}
