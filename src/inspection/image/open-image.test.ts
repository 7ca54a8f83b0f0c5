import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Digest } from '../../oci/digest.ts';
import { ociIndexMediaType } from '../../oci/media-types.ts';
import { type BuiltImage, buildImage, buildIndex } from '../../testing/samples/build-image.ts';
import { openImage } from './open-image.ts';

function open(built: BuiltImage, blobs: ReadonlyMap<Digest, Buffer> = built.blobs) {
  return openImage({
    manifestBytes: built.manifestBytes,
    mediaType: built.mediaType,
    readBlob: async (digest) => Readable.from([blobs.get(digest) ?? Buffer.alloc(0)]),
  });
}

it.each([true, false])('openImage() opens an image, docker %s', async (docker) => {
  const built = buildImage({ layers: [{ a: 'b' }], architecture: 'arm64', docker });
  expect(await open(built)).toMatchObject({
    digest: built.digest,
    configDigest: built.configDigest,
    platform: { os: 'linux', architecture: 'arm64' },
    layers: [{ index: 0, createdBy: 'layer 0' }],
  });
});

it('openImage() places history entries on layers, empty ones on none', async () => {
  const history = [
    { created_by: 'FROM' },
    { created_by: 'ENV', empty_layer: true },
    { created_by: 'RUN' },
    { created_by: 'more than there are layers' },
  ];
  const opened = await open(buildImage({ layers: [{ a: '' }, { b: '' }], configFields: { history } }));
  expect(opened.history.map(({ layerIndex }) => layerIndex)).toEqual([0, undefined, 1, undefined]);
  expect(opened.layers.map(({ createdBy }) => createdBy)).toEqual(['FROM', 'RUN']);
});

it.each([0, 2])('openImage() refuses one layer with %i diff ids (threats.md D5)', async (count) => {
  const diff_ids = Array.from({ length: count }, () => `sha256:${'0'.repeat(64)}`);
  const built = buildImage({ layers: [{ a: '' }], configFields: { rootfs: { diff_ids } } });
  await expect(open(built)).rejects.toMatchObject({ code: 'invalid' });
});

it('openImage() refuses a config with other bytes than its digest says', async () => {
  const built = buildImage({ layers: [{ a: '' }] });
  const forged = new Map([...built.blobs, [built.configDigest, Buffer.from('{}')]] as const);
  await expect(open(built, forged)).rejects.toMatchObject({ code: 'invalid' });
});

it('openImage() refuses an index, an artifact and a broken manifest', async () => {
  const built = buildImage({ layers: [{ a: '' }] });
  const index = buildIndex([built]);
  await expect(open({ ...built, ...index, mediaType: ociIndexMediaType })).rejects.toMatchObject({
    code: 'not-an-image',
  });
  await expect(open({ ...built, manifestBytes: Buffer.from('{') })).rejects.toMatchObject({
    code: 'invalid',
  });
  const artifact = buildImage({ layers: [{ a: '' }], configFields: { rootfs: null } });
  await expect(open(artifact)).rejects.toMatchObject({ code: 'not-an-image' });
});
