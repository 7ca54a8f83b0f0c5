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

it('mediaTypeOf() drops parameters', () => {
  expect(mediaTypeOf(' Application/JSON ; charset=utf-8')).toBe('Application/JSON');
});

it.each([
  ['application/vnd.oci.image.manifest.v1+json', 'image'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
  ['application/vnd.example.manifest.v1+json', 'other'],
  ['application/vnd.oci.artifact.manifest.v1+json', 'other'],
  ['application/vnd.Example+json', 'other'],
  [`application/x${'y'.repeat(126)}`, 'other'],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'schema1'],
  ['application/vnd.docker.distribution.manifest.V1+json', 'schema1'],
  ['application/vnd.OCI.image.manifest.v1+json', undefined],
  [`application/x${'y'.repeat(127)}`, undefined],
  ['application/json', undefined],
  ['application/octet-stream', undefined],
  ['text/html', undefined],
  ['image/svg+xml', undefined],
  ['application/', undefined],
  ['application/a b', undefined],
  ['application/a\r\nset-cookie: b', undefined],
  ['manifest', undefined],
  ['', undefined],
])('manifestKindOf() says of %j: %s', (mediaType, kind) => {
  expect(manifestKindOf(mediaType)).toBe(kind);
});
