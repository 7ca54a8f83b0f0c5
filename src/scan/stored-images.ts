import type { Image } from '../inspection/image/image.ts';
import type { Digest } from '../oci/digest.ts';

/** Opens what is stored under a manifest's digest: an image, or anything with layers that may turn out to be one. */
export interface StoredImages {
  /** Throws `ManifestMissingError`, or an error of the store; neither says anything about the image. */
  open(digest: Digest): Promise<Image>;
}

export class ManifestMissingError extends Error {
  readonly code = 'manifest_missing';
  readonly digest: string;
  constructor(digest: string) {
    super(`Cannot open image "${digest}": its manifest must be stored, got none`);
    this.name = 'ManifestMissingError';
    this.digest = digest;
  }
}
