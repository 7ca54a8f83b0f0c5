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

/**
 * A document of a type that neither specification defines now, such as `application/vnd.oci.artifact.manifest.v1+json`:
 * kept as it is. It has `manifests` or the others, never both.
 */
export interface OtherManifest extends ManifestFields {
  readonly kind: 'other';
  readonly config?: Descriptor;
  /** Its `layers` and its `blobs`. */
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | IndexManifest | OtherManifest;

/** The blobs that a manifest needs, each with its place in it: 0 is the config, layers count from 1. */
export function blobsOf(
  manifest: Manifest,
): readonly { readonly position: number; readonly descriptor: Descriptor }[] {
  if (manifest.kind === 'index') return [];
  const layers = manifest.layers.map((descriptor, index) => ({ position: index + 1, descriptor }));
  return manifest.config === undefined ? layers : [{ position: 0, descriptor: manifest.config }, ...layers];
}

/** The manifests that a manifest lists. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'image' ? [] : manifest.manifests;
}
