import { execFile } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { FileStore } from '../storage/file-store.ts';
import { descriptorOf, testManifest } from '../testing/registry-client.ts';
import { sharedData } from '../testing/shared-data.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

const run = promisify(execFile);
const skopeo = ['/usr/bin/skopeo', '/usr/local/bin/skopeo', '/opt/homebrew/bin/skopeo'].find(existsSync);
if (skopeo === undefined && process.env['CI'] === 'true') {
  throw new Error('Cannot run the tests with a real client: skopeo must be installed when CI=true, got none');
}
const shared = sharedData();

describe.skipIf(skopeo === undefined || shared === undefined)(
  'skopeo (skipped without skopeo or shared data)',
  () => {
    let registry: RegistryUnderTest;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'skopeo-test-'));
      registry = await startRegistry({ store: await FileStore.open(join(folder, 'store')) });
      await registry.addNamespace('demo', { members: { dev: 'developer', guest: 'guest' } });
      await writeLayout(
        join(folder, 'busybox'),
        join(shared ?? '', 'images/busybox/busybox-glibc-amd64-rootfs.tar.gz'),
      );
    });
    afterAll(async () => {
      await registry.close();
      await rm(folder, { recursive: true });
    });

    async function copy(...options: string[]): Promise<void> {
      const common = [
        '--insecure-policy',
        'copy',
        '--quiet',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
      ];
      await run(skopeo ?? 'skopeo', [...common, ...options], {
        env: { HOME: folder, PATH: process.env['PATH'] },
      });
    }

    it.each(['oci', 'v2s2'])('pushes busybox as %s and pulls back the same digests', async (format) => {
      const target = `docker://${registry.host}/demo/busybox:${format}`;
      const pulled = join(folder, `pulled-${format}`);
      await copy('--format', format, '--dest-creds', 'dev:dev', `oci:${folder}/busybox:latest`, target);
      await copy('--src-creds', 'guest:guest', target, `dir:${pulled}`);
      const manifest = await readFile(join(pulled, 'manifest.json'));
      const digest = digestOf(manifest);
      const inspected = await run(skopeo ?? 'skopeo', [
        'inspect',
        '--tls-verify=false',
        '--creds',
        'guest:guest',
        target,
      ]);
      expect(JSON.parse(inspected.stdout).Digest).toBe(digest);
      const { config, layers } = JSON.parse(manifest.toString());
      for (const descriptor of [config, ...layers]) {
        const bytes = await readFile(join(pulled, descriptor.digest.slice('sha256:'.length)));
        expect(digestOf(bytes)).toBe(descriptor.digest);
      }
      if (format === 'oci') {
        const index = JSON.parse(await readFile(join(folder, 'busybox', 'index.json'), 'utf8'));
        expect(digest).toBe(index.manifests[0].digest);
      } else {
        expect(layers[0].mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
      }
    });

    it('is told what to do when the namespace is missing or the right is', async () => {
      const source = `oci:${folder}/busybox:latest`;
      const missing = copy('--dest-creds', 'dev:dev', source, `docker://${registry.host}/absent/busybox:v1`);
      await expect(missing).rejects.toThrow();
      const denied = copy('--dest-creds', 'guest:guest', source, `docker://${registry.host}/demo/busybox:v1`);
      await expect(denied).rejects.toThrow(/denied|403/i);
    });
  },
);

/** An OCI image layout with one image of one layer. */
async function writeLayout(path: string, layerPath: string): Promise<void> {
  const layer = await readFile(layerPath);
  const inflated = await buffer(createReadStream(layerPath).pipe(createGunzip()));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(inflated)] },
      history: [{ created: '2020-01-01T00:00:00Z', created_by: 'ADD rootfs.tar.gz /' }],
    }),
  );
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptorOf(config, ociConfigMediaType),
    layers: [descriptorOf(layer, ociGzipLayerMediaType)],
  });
  await mkdir(join(path, 'blobs', 'sha256'), { recursive: true });
  for (const bytes of [layer, config, manifest.bytes]) {
    await writeFile(join(path, 'blobs', 'sha256', digestOf(bytes).slice('sha256:'.length)), bytes);
  }
  const entry = {
    ...descriptorOf(manifest.bytes, ociManifestMediaType),
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  await writeFile(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}
