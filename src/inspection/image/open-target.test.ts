import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildDockerArchive,
  buildOciArchive,
  ociLayoutFiles,
  writeFiles,
} from '../../testing/samples/build-archive.ts';
import {
  type BuiltImage,
  buildImage,
  buildIndex,
  buildLayer,
  buildTar,
  layerOfGzip,
} from '../../testing/samples/build-image.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { sharedData } from '../../testing/shared-data.ts';
import type { Image } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';
import { inspectLayer } from './inspect-layer.ts';
import { mergeLayers } from './merge-layers.ts';
import { openTarget, TargetUnknownError } from './open-target.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pratique-target-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const image = buildImage({
  layers: [{ 'db/status': 'a 1' }, { 'want.txt': 'b' }],
  commands: ['ADD rootfs', 'COPY want.txt'],
});
const other = buildImage({ layers: [{ 'db/status': 'other' }], architecture: 'arm64' });

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function textsOf(opened: Image): Promise<string[]> {
  const reports = [];
  for (const layer of opened.layers)
    reports.push(await inspectLayer({ open: () => layer.open(), probe: textProbe }));
  const hasDiffIds = opened.layers.some(({ diffId }) => diffId !== undefined);
  const view = mergeLayers(reports, hasDiffIds ? { diffIds: opened.layers.map(({ diffId }) => diffId) } : {});
  expect(view.incomplete).toEqual([]);
  return view.files.flatMap(({ found }) => found).sort();
}

async function problemOf(target: string): Promise<string> {
  try {
    await openTarget(target).open();
    return 'none';
  } catch (error) {
    if (error instanceof ImageUnreadableError) return error.code;
    throw error;
  }
}

describe('openTarget() of an OCI layout', () => {
  it('opens a directory by the one name it has', async () => {
    const path = join(folder, 'layout');
    writeFiles(path, ociLayoutFiles({ latest: image }));
    for (const target of [`oci:${path}`, `oci:${path}:latest`]) {
      const [opened] = await openTarget(target).open();
      expect(opened).toMatchObject({
        digest: image.digest,
        configDigest: image.configDigest,
        platform: { os: 'linux', architecture: 'amd64' },
        layers: [{ createdBy: 'ADD rootfs' }, { createdBy: 'COPY want.txt', index: 1 }],
      });
      expect(opened && (await textsOf(opened))).toEqual(['a 1', 'b']);
    }
    expect(await problemOf(`oci:${path}:v9`)).toBe('not-found');
  });

  it('opens every platform of an index in an archive', async () => {
    const path = write('index.tar', buildOciArchive({ 'example.org/app:v1': buildIndex([image, other]) }));
    const opened = await openTarget(`oci-archive:${path}:v1`).open();
    expect(opened.map(({ digest, platform }) => [digest, platform.architecture])).toEqual([
      [image.digest, 'amd64'],
      [other.digest, 'arm64'],
    ]);
    expect(await Promise.all(opened.map(textsOf))).toEqual([['a 1', 'b'], ['other']]);
  });

  it('passes over platforms of an index that the layout does not hold', async () => {
    const { [`blobs/${other.digest.replace(':', '/')}`]: _, ...files } = ociLayoutFiles({
      v1: buildIndex([image, other]),
    });
    const path = write('sparse.tar', buildTar(files));
    expect((await openTarget(`oci-archive:${path}`).open()).map(({ digest }) => digest)).toEqual([
      image.digest,
    ]);
  });

  it('walks an index that names the next one twice, 8 levels deep, and refuses more (C7)', async () => {
    const nest = (levels: number): Buffer => {
      let inner: BuiltImage = image;
      const blobs = new Map(image.blobs);
      for (let level = 0; level < levels; level += 1) {
        blobs.set(inner.digest, inner.manifestBytes);
        const index = buildIndex([inner, { ...inner, platform: { os: 'linux', architecture: 'arm64' } }]);
        inner = {
          ...inner,
          manifestBytes: index.manifestBytes,
          digest: index.digest,
          mediaType: index.mediaType,
        };
      }
      return buildOciArchive({ v1: { ...inner, blobs } });
    };
    expect(await openTarget(`oci-archive:${write('nest-8.tar', nest(8))}`).open()).toHaveLength(1);
    expect(await problemOf(`oci-archive:${write('nest-9.tar', nest(9))}`)).toBe('limit');
  });

  it('refuses a manifest whose bytes do not hash to its digest, and a blob that is not there', async () => {
    const files = ociLayoutFiles({ latest: image });
    const manifestPath = `blobs/${image.digest.replace(':', '/')}`;
    const forged = buildTar({ ...files, [manifestPath]: other.manifestBytes });
    expect(await problemOf(`oci-archive:${write('forged.tar', forged)}`)).toBe('invalid');
    const { [manifestPath]: _, ...rest } = files;
    expect(await problemOf(`oci-archive:${write('no-manifest.tar', buildTar(rest))}`)).toBe('not-found');
  });

  it('fails while reading a layer whose bytes were changed', async () => {
    const layerDigest = [...image.blobs.keys()][1] ?? image.digest;
    const files = {
      ...ociLayoutFiles({ latest: image }),
      [`blobs/${layerDigest.replace(':', '/')}`]: buildLayer({ 'db/status': 'forged' }).bytes,
    };
    const [opened] = await openTarget(`oci-archive:${write('forged-layer.tar', buildTar(files))}`).open();
    await expect(opened && textsOf(opened)).rejects.toThrow(/must hash to/);
  });
});

describe('openTarget() of a docker archive', () => {
  it('opens each of several images, layers that are links too', async () => {
    const layer = buildLayer({ 'db/status': 'shared' }, 'none');
    const first = buildImage({ layers: [layer], docker: true });
    const second = buildImage({ layers: [layer, { 'want.txt': 'x' }], docker: true });
    const path = write(
      'docker.tar',
      buildDockerArchive({ 'app:v1': first, 'docker.io/library/app:v2': second }),
    );
    const all = await openTarget(`docker-archive:${path}`).open();
    expect(await Promise.all(all.map(textsOf))).toEqual([['shared'], ['shared', 'x']]);
    expect(all.map(({ configDigest }) => configDigest)).toEqual([first.configDigest, second.configDigest]);
    const [chosen, ...rest] = await openTarget(`docker-archive:${path}:app:v2`).open();
    expect([chosen?.configDigest, rest.length]).toEqual([second.configDigest, 0]);
    expect(chosen?.layers[0]?.digest).toBe(layer.digest);
    expect(await problemOf(`docker-archive:${path}:app:v3`)).toBe('not-found');
  });

  it.each([
    ['no manifest.json', 'not-found', buildTar({ a: '' })],
    ['a manifest.json that is none', 'invalid', buildTar({ 'manifest.json': '{}' })],
    ['a key twice', 'invalid', buildTar({ 'manifest.json': '[{"Config":"c","Layers":[],"layers":["x"]}]' })],
    [
      'a config that is not there',
      'not-found',
      buildTar({ 'manifest.json': '[{"Config":"c","Layers":[]}]' }),
    ],
    [
      'a path that leaves the archive',
      'invalid',
      buildTar({ 'manifest.json': '[{"Config":"../c","Layers":[]}]' }),
    ],
    ['a compressed archive', 'unsupported', gzipSync(buildTar({ a: '' }))],
    ['an archive that is cut', 'invalid', buildTar({ a: 'x'.repeat(3000) }).subarray(0, 1024)],
    ['an empty file', 'not-found', Buffer.alloc(0)],
  ])('refuses %s: %s', async (name, code, bytes) => {
    expect(await problemOf(`docker-archive:${write(`${name}.tar`, bytes)}`)).toBe(code);
  });
});

describe('openTarget() of a directory', () => {
  it('reads it as one layer and follows no link out of it (threats.md D1)', async () => {
    const outside = join(folder, 'outside');
    writeFiles(outside, { 'want.txt': 'outside', 'd/want.txt': 'outside too' });
    const root = join(folder, 'root');
    writeFiles(root, { 'db/status': 'a 1', [`${'long/'.repeat(30)}want.txt`]: 'deep' });
    symlinkSync(join(outside, 'want.txt'), join(root, 'want.txt'));
    symlinkSync(join(outside, 'd'), join(root, 'd'));
    mkdirSync(join(root, 'empty'));
    const [opened] = await openTarget(`dir:${root}`).open();
    expect(opened && (await textsOf(opened))).toEqual(['a 1', 'deep']);
  });

  it('gives another digest when a file changed', async () => {
    const root = join(folder, 'changing');
    writeFiles(root, { 'want.txt': 'one' });
    const digest = async (): Promise<string | undefined> =>
      (await openTarget(`dir:${root}`).open())[0]?.digest;
    const before = await digest();
    expect(await digest()).toBe(before);
    writeFiles(root, { 'want.txt': 'other' });
    expect(await digest()).not.toBe(before);
  });
});

describe('openTarget() of what is not there', () => {
  it.each(['alpine:3.4', 'nothing', 'oci:', ':x', 'docker://a/b'])('refuses the target "%s"', (target) => {
    expect(() => openTarget(target)).toThrow(TargetUnknownError);
  });

  it('says that a path must exist', async () => {
    expect(await problemOf(`oci:${folder}/absent`)).toBe('not-found');
    expect(await problemOf(`oci-archive:${folder}/absent:v1`)).toBe('not-found');
    expect(await problemOf(`oci:${folder}`)).toBe('not-found');
  });
});

const shared = sharedData();

it.skipIf(shared === undefined)(
  'openTarget() opens the official busybox image (needs ../shared)',
  async () => {
    const from = (name: string): Buffer => readFileSync(`${shared}/images/busybox/${name}`);
    const layerBytes = from('busybox-glibc-amd64-rootfs.tar.gz');
    const layer = layerOfGzip(layerBytes, gunzipSync(layerBytes));
    const files = {
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
      'index.json': from('index.json'),
      'blobs/sha256/1cfa4e2b09e127b9c4ed43578d3f3c18e7d44ea47b9ea98475c0cbe9086525f8':
        from('image-manifest.json'),
      'blobs/sha256/c6348fa86ba0fb2108c9334f5fe913ddc6d853313e655891f133a0127c30099f':
        from('image-config.json'),
      [`blobs/${layer.digest.replace(':', '/')}`]: layerBytes,
    };
    const path = write('busybox.tar', buildTar(files));
    const [opened] = await openTarget(`oci-archive:${path}`).open();
    expect(opened).toMatchObject({
      createdAt: '2026-05-13T02:21:49Z',
      history: [{ createdBy: 'BusyBox 1.38.0 (glibc), Debian 13', layerIndex: 0 }],
      layers: [{ digest: layer.digest, diffId: layer.diffId }],
    });
    expect(opened && (await textsOf(opened))).toEqual([]);
  },
);
