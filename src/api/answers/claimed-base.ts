import type { ImageDetails } from '../contract/image.ts';

/** Longest claim that is shown; names and digests are shorter. */
const claimLengthMax = 512;

/**
 * What a manifest's annotations say of its base (OCI image-spec v1.1, annotations.md#pre-defined-annotation-keys): whoever
 * pushes writes them, so they are shown as a claim and believed nowhere.
 */
export function claimedBase(annotations: unknown): ImageDetails['claimedBase'] {
  if (typeof annotations !== 'object' || annotations === null) return null;
  const claims = annotations as Readonly<Record<string, unknown>>; // an object, by the line above
  const claim = (key: string) => {
    const value = claims[`org.opencontainers.image.base.${key}`];
    return typeof value === 'string' && value !== '' ? value.slice(0, claimLengthMax) : null;
  };
  const [name, digest] = [claim('name'), claim('digest')];
  return name === null && digest === null ? null : { name, digest };
}
