import { expect, it } from 'vitest';
import { layerClaimOf, manifestKindOf, mediaTypeOf } from './media-types.ts';

it.each([
  ['application/vnd.oci.image.layer.v1.tar', 'files'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'files'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'files'],
  ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'encrypted'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'foreign'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'foreign'],
  ['application/octet-stream', 'other'],
  ['application/vnd.oci.image.layer.v1.tarball', 'other'],
])('layerClaimOf() says of %s: %s', (mediaType, claim) => {
  expect(layerClaimOf(mediaType)).toBe(claim);
});

it('mediaTypeOf() drops parameters and case', () => {
  expect(mediaTypeOf(' Application/JSON ; charset=utf-8')).toBe('application/json');
  expect(manifestKindOf('application/json')).toBeUndefined();
});
