import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ScanningPushObserver } from '../gate/push-observer.ts';
import type { Digest } from '../oci/digest.ts';
import { ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { basic, RegistryClient, type TestManifest, testManifest } from './registry-client.ts';
import { buildImage, buildLayer } from './samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from './samples/small-feed.ts';
import { ScanHarness } from './scan-harness.ts';
import { type ServedRegistry, serveRegistry } from './serve-registry.ts';

const today = new Date('2018-06-01T00:00:00Z');
const evil = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
const clean = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r14' }))] });

let harness: ScanHarness;
let served: ServedRegistry;
let dev: RegistryClient;
let guest: RegistryClient;

beforeAll(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  const { db } = harness.database;
  await storeSmallFeed(db, [{ cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11' }]);
  await storeFeedStatus(db, today);
  served = await serveRegistry(harness.database, {
    pullGuard: harness.pullGuard,
    pushObserver: new ScanningPushObserver(harness.queue),
  });
  const id = await served.addNamespace('demo', { members: { dev: 'developer', guest: 'guest' } });
  const policy = JSON.stringify({ mode: 'enforce', states: { pending: 'block' } });
  await db.updateTable('namespace').set({ policy }).where('id', '=', id).execute();
  dev = new RegistryClient(served.url, basic('dev'));
  guest = new RegistryClient(served.url, basic('guest'));
});
afterAll(async () => {
  await served.close();
  await harness.close();
});

function descriptorBy(algorithm: 'sha256' | 'sha512', bytes: Buffer, mediaType: string) {
  const digest = digestOf(bytes, algorithm);
  harness.blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

function partsOf(image: typeof evil): readonly [config: Buffer, layer: Buffer] {
  const config = image.blobs.get(image.configDigest);
  const layer = [...image.blobs].find(([digest]) => digest !== image.configDigest)?.[1];
  if (config === undefined || layer === undefined)
    throw new Error('the image must have a config and a layer');
  return [config, layer];
}

async function push(name: string, blobs: readonly Buffer[], manifest: TestManifest): Promise<void> {
  for (const bytes of blobs) expect((await dev.pushBlob(name, bytes)).status).toBe(201);
  expect((await dev.pushManifest(name, 'v1', manifest)).status).toBe(201);
}

const both = (bytes: Buffer): readonly Digest[] => [digestOf(bytes), digestOf(bytes, 'sha512')];

async function statuses(paths: readonly string[]): Promise<readonly number[]> {
  const found: number[] = [];
  for (const path of paths) {
    for (const options of [
      {},
      { method: 'HEAD' },
      { headers: { range: 'bytes=0-9' } },
      { headers: { 'if-none-match': '*' } },
    ]) {
      found.push((await guest.send(path, options)).status);
    }
  }
  return [...new Set(found)].sort();
}

describe('a pull by either digest', () => {
  it.each(['sha256', 'sha512'] as const)(
    'is refused alike, manifest and blobs, when the manifest names them by %s (threats.md C12, C13, P6, P7, P23)',
    async (algorithm) => {
      const [config, layer] = partsOf(evil);
      const manifest = testManifest({
        schemaVersion: 2,
        mediaType: ociManifestMediaType,
        config: descriptorBy(algorithm, config, 'application/vnd.oci.image.config.v1+json'),
        layers: [descriptorBy(algorithm, layer, ociGzipLayerMediaType)],
      });
      const name = `demo/${algorithm}`;
      await push(name, [config, layer], manifest);
      await harness.scan(manifest.digest);
      const paths = [
        `/v2/${name}/manifests/v1`,
        ...both(manifest.bytes).map((digest) => `/v2/${name}/manifests/${digest}`),
        ...[config, layer].flatMap(both).map((digest) => `/v2/${name}/blobs/${digest}`),
      ];
      expect(await statuses(paths)).toEqual([403]);
      const answer = await guest.send(paths[2] ?? '');
      expect(answer.message).toContain('CVE-2017-1');
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
    },
  );

  it('inspects a layer once, by whichever digest manifests name it (C12)', async () => {
    const rows = await harness.database.db.selectFrom('layer_inspection').select('blob_digest').execute();
    expect(rows.map((row) => row.blob_digest)).toEqual([digestOf(partsOf(evil)[1])]);
  });

  it('is served alike where nothing is wrong', async () => {
    const [config, layer] = partsOf(clean);
    const manifest = testManifest({
      schemaVersion: 2,
      mediaType: ociManifestMediaType,
      config: descriptorBy('sha512', config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptorBy('sha256', layer, ociGzipLayerMediaType)],
    });
    await push('demo/clean', [config, layer], manifest);
    await harness.scan(manifest.digest);
    for (const digest of both(manifest.bytes)) {
      expect((await guest.send(`/v2/demo/clean/manifests/${digest}`)).status).toBe(200);
    }
    for (const digest of [config, layer].flatMap(both)) {
      const answer = await guest.send(`/v2/demo/clean/blobs/${digest}`);
      expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([200, digest]);
    }
  });
});

describe('a manifest of another type', () => {
  const types = [
    ['an unknown one with config and layers', 'application/vnd.example.manifest.v1+json', 'layers'],
    ['the OCI artifact manifest', 'application/vnd.oci.artifact.manifest.v1+json', 'blobs'],
  ] as const;
  it.each(types)('is scanned and judged by its content: %s (threats.md P12)', async (_, mediaType, field) => {
    const [config, layer] = partsOf(evil);
    const manifest = testManifest({
      mediaType,
      artifactType: 'application/vnd.example',
      ...(field === 'layers'
        ? { config: descriptorBy('sha256', config, 'application/vnd.example.config') }
        : {}),
      [field]: [descriptorBy('sha256', layer, 'application/vnd.example.data')],
    });
    const name = `demo/other-${field}`;
    await push(name, [config, layer], manifest);
    const paths = [`/v2/${name}/manifests/v1`, `/v2/${name}/blobs/${digestOf(layer)}`];
    expect(await statuses(paths)).toEqual([403]);
    await harness.scan(manifest.digest);
    expect((await guest.send(paths[0] ?? '')).message).toContain('CVE-2017-1');
    expect(await statuses(paths)).toEqual([403]);
  });

  it('with a root file system as its config is judged by that (threats.md P12)', async () => {
    const [, layer] = partsOf(evil);
    for (const mediaType of ['application/vnd.example.manifest.v1+json', ociManifestMediaType]) {
      const manifest = testManifest({
        schemaVersion: 2,
        mediaType,
        config: descriptorBy('sha256', layer, 'application/vnd.example.config'),
        layers: [],
      });
      await push('demo/as-config', [layer], manifest);
      await harness.scan(manifest.digest);
      const answer = await guest.send('/v2/demo/as-config/manifests/v1');
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining('CVE-2017-1')]);
    }
  });

  it('that holds nothing which could run is served', async () => {
    const manifest = testManifest({ mediaType: 'application/vnd.example+json', hello: 'world' });
    await push('demo/document', [], manifest);
    await harness.scan(manifest.digest);
    expect((await guest.send('/v2/demo/document/manifests/v1')).bytes).toEqual(manifest.bytes);
  });
});
