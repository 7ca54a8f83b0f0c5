import type { Digest } from './digest.ts';

/** OCI image-spec v1.1 image-index.md: `platform`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** OCI image-spec v1.1 descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes of the content that the digest names. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
  /** The content itself, base64; its length is checked against `size`, its digest is for the reader to check. */
  readonly data?: string;
}

interface ManifestFields {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OCI image-spec v1.1 manifest.md, or Docker's image manifest v2 schema 2. */
export interface ImageManifest extends ManifestFields {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** OCI image-spec v1.1 image-index.md, or Docker's manifest list. */
export interface IndexManifest extends ManifestFields {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | IndexManifest;
