/** OCI image-spec v1.1 media-types.md and Docker image manifest v2 schema 2. */
export const ociManifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndexMediaType = 'application/vnd.oci.image.index.v1+json';
export const ociConfigMediaType = 'application/vnd.oci.image.config.v1+json';
export const ociEmptyMediaType = 'application/vnd.oci.empty.v1+json';
export const ociLayerMediaType = 'application/vnd.oci.image.layer.v1.tar';
export const ociGzipLayerMediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const ociZstdLayerMediaType = 'application/vnd.oci.image.layer.v1.tar+zstd';
export const dockerManifestMediaType = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerIndexMediaType = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerConfigMediaType = 'application/vnd.docker.container.image.v1+json';
export const dockerGzipLayerMediaType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

const schema1MediaTypes: ReadonlySet<string> = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
]);
/** Types that do not say what kind of manifest a document is; clients have taken some of them for Docker's schema 1. */
const genericMediaTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
]);
/** RFC 6838 §4.2; nothing but `application/…`, so that no client is made to render what somebody pushed. */
const manifestTypePattern = /^application\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

/**
 * What a manifest of this type is: one image, a list, `other` for a type that no specification here defines, `schema1` for
 * Docker's first format, whose blobs are named in another way. Undefined: the text is no manifest's type.
 */
export function manifestKindOf(mediaType: string): 'image' | 'index' | 'other' | 'schema1' | undefined {
  switch (mediaType) {
    case ociManifestMediaType:
    case dockerManifestMediaType:
      return 'image';
    case ociIndexMediaType:
    case dockerIndexMediaType:
      return 'index';
    default: {
      // A known type in other letters: readers differ in whether they know it.
      const folded = mediaType.toLowerCase();
      if (schema1MediaTypes.has(folded)) return 'schema1';
      const isTaken = manifestMediaTypes.includes(folded) || genericMediaTypes.has(folded);
      return isTaken || !manifestTypePattern.test(mediaType) ? undefined : 'other';
    }
  }
}

/** The manifest types that clients may push and ask for, in the order of an `Accept` header. */
export const manifestMediaTypes: readonly string[] = [
  ociManifestMediaType,
  ociIndexMediaType,
  dockerManifestMediaType,
  dockerIndexMediaType,
];

/**
 * What a layer's type claims: a tar of files, a tar kept elsewhere (`urls`, never fetched here), an encrypted one, or
 * something else. A claim only: whether it is a root file system is decided by its bytes.
 */
export function layerClaimOf(mediaType: string): 'files' | 'foreign' | 'encrypted' | 'other' {
  if (mediaType.endsWith('+encrypted')) return 'encrypted';
  if (mediaType.includes('.nondistributable.') || mediaType.includes('.rootfs.foreign.')) return 'foreign';
  return /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)(?:$|[+.])/.test(
    mediaType,
  )
    ? 'files'
    : 'other';
}

/** A Content-Type without its parameters (RFC 9110 §8.3.1), as it is written. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim();
}
