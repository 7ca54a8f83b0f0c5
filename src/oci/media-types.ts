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

/** Whether a manifest of this type names one image or several; undefined for a type that this registry does not take. */
export function manifestKindOf(mediaType: string): 'image' | 'index' | undefined {
  switch (mediaType) {
    case ociManifestMediaType:
    case dockerManifestMediaType:
      return 'image';
    case ociIndexMediaType:
    case dockerIndexMediaType:
      return 'index';
    default:
      return undefined;
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

/** A Content-Type without its parameters, in lower case (RFC 9110 §8.3.1). */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}
