import type { Readable } from 'node:stream';
import type { ConfigText } from '../../oci/config-texts.ts';
import type { Digest } from '../../oci/digest.ts';

/** A layer of an opened image, bottom first. */
export interface ImageLayer {
  /** Digest of the bytes as stored (compressed). */
  readonly digest: Digest;
  readonly index: number;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Digest of the inflated bytes as the config states it; absent only for a plain root file system, which has no config. */
  readonly diffId?: Digest;
  /** The command of the build history that made it. */
  readonly createdBy?: string;
  /** The stored bytes; each call is a new stream. */
  open(): Promise<Readable>;
}

export interface HistoryEntry {
  readonly createdBy: string;
  readonly createdAt?: string;
  readonly emptyLayer: boolean;
  /** Index into `layers`; absent for an empty layer. */
  readonly layerIndex?: number;
}

/** One platform's image, opened from wherever it lies. */
export interface Image {
  /** Digest of the manifest; for a plain root file system, of a manifest made up for it. */
  readonly digest: Digest;
  /** Digest of the config: the image ID. */
  readonly configDigest: Digest;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly createdAt?: string;
  readonly history: readonly HistoryEntry[];
  readonly layers: readonly ImageLayer[];
  /** Every text of the config; empty where there is none. */
  readonly configTexts: readonly ConfigText[];
}

/** Where images come from: our own storage, an archive, a layout, a directory, a remote registry. */
export interface ImageSource {
  /** Opens every image that the target names: several for a multi-arch index. Throws `ImageUnreadableError`. */
  open(): Promise<readonly Image[]>;
  close(): Promise<void>;
}
