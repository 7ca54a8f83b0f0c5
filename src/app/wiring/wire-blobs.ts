import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { locateBlob } from '../../catalog/blobs.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobReader, BlobStore } from '../../storage/blob-store.ts';
import type { ContentListing } from '../../storage/content-listing.ts';
import { FileStore } from '../../storage/file-store.ts';
import type { Quarantine } from '../../storage/quarantine.ts';
import { failpointReacher } from '../failpoints.ts';
import type { Config } from '../settings/config.ts';

/** Bytes by digest, whichever repository holds them: for scans and for what has been authorised before. */
export interface BlobBytes {
  /** Throws `BlobUnknownError` when no blob of that digest is stored. */
  open(digest: Digest): Promise<Readable>;
  /** All bytes; undefined when it is not stored or larger than `sizeBytesMax`. */
  readWhole(digest: Digest, sizeBytesMax: number): Promise<Uint8Array | undefined>;
}

export class BlobUnknownError extends Error {
  readonly code = 'blob_unknown';
  constructor(digest: Digest) {
    super(`Cannot read blob "${digest}": it must be stored, got none`);
    this.name = 'BlobUnknownError';
  }
}

/** The store with what its upkeep needs of it. */
export type KeptStore = BlobStore & ContentListing & Quarantine;

export async function openBlobStore(config: Config): Promise<KeptStore> {
  return await FileStore.open(config.blobsFolder, { reach: failpointReacher(config.failpoint) });
}

export function blobBytes(db: Database, store: BlobReader): BlobBytes {
  return {
    open: async (digest) => {
      const blob = await locateBlob(db, digest);
      if (blob === undefined) throw new BlobUnknownError(digest);
      return await store.read(blob.storageKey);
    },
    readWhole: async (digest, sizeBytesMax) => {
      const blob = await locateBlob(db, digest);
      if (blob === undefined || blob.sizeBytes > sizeBytesMax) return undefined;
      return await buffer(await store.read(blob.storageKey));
    },
  };
}
