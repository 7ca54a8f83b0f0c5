import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type ImageItem } from './api-client.ts';
import { hasProgram, mustRun, sharedFolder } from './clients.ts';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.ts';

const shared = sharedFolder();
const unavailable = shared === undefined || !['podman', 'buildah', 'skopeo'].every(hasProgram);

// Skipped where the real data or a client is missing; with CI=true their absence is a failure.
describe.skipIf(unavailable)('podman and buildah', () => {
  let server: ServerProcess;
  let api: ApiClient;
  const folder = mkdtempSync(join(tmpdir(), 'pratique-podman-'));
  const store = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const authFile = join(folder, 'auth.json');
  const rootfs = (name: string) => join(shared ?? '', 'images/alpine', name);

  beforeAll(async () => {
    // No feed is needed here: the server must start and serve without one.
    server = await startServerProcess({ environment: { PRATIQUE_ADVISORIES: `file:${folder}/no-feed` } });
    api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'clients', autoScan: true });
    const login = [
      'login',
      '--tls-verify=false',
      '--authfile',
      authFile,
      '-u',
      'admin',
      '-p',
      adminPassword,
      server.host,
    ];
    await mustRun('podman', [...store, ...login]);
    await mustRun('podman', [
      ...store,
      'import',
      rootfs('alpine-rootfs-3.6.2-x86_64.tar.gz'),
      'localhost/alpine:3.6',
    ]);
  });

  afterAll(async () => {
    expect(await server?.stop()).toBe(0);
    server?.clean();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const format of ['oci', 'v2s2'] as const) {
    it(`podman pushes and pulls an image of format ${format}`, async () => {
      const reference = `${server.host}/clients/podman-${format}:1`;
      const access = ['--tls-verify=false', '--authfile', authFile];
      await mustRun('podman', [
        ...store,
        'push',
        ...access,
        '--format',
        format,
        'localhost/alpine:3.6',
        reference,
      ]);
      const pushed = await api.scannedImage('clients', `podman-${format}`, '1');
      // A store of its own, so that the bytes must come from the registry.
      const empty = join(folder, `pulled-${format}`);
      const other = ['--root', empty, '--runroot', join(folder, 'run-2'), '--storage-driver', 'vfs'];
      await mustRun('podman', [...other, 'pull', ...access, reference]);
      const inspected = await mustRun('podman', [
        ...other,
        'image',
        'inspect',
        '--format',
        '{{.Digest}}',
        reference,
      ]);
      expect(inspected.trim()).toBe(pushed.digest);
    });
  }

  for (const format of ['oci', 'docker'] as const) {
    it(`buildah builds on a base, commits as ${format} and pushes`, async () => {
      const container = (
        await mustRun('buildah', [...store, 'from', '--pull=never', 'localhost/alpine:3.6'])
      ).trim();
      const file = join(folder, `note-${format}`);
      writeFileSync(file, `made by buildah as ${format}\n`);
      await mustRun('buildah', [...store, 'copy', container, file, '/srv/note']);
      const local = `localhost/built-${format}:1`;
      await mustRun('buildah', [...store, 'commit', '--format', format, container, local]);
      const reference = `docker://${server.host}/clients/buildah-${format}:1`;
      await mustRun('buildah', [
        ...store,
        'push',
        '--tls-verify=false',
        '--authfile',
        authFile,
        local,
        reference,
      ]);
      const image = await api.scannedImage('clients', `buildah-${format}`, '1');
      expect(image.scan.progress.layersTotal).toBe(2);
    });
  }

  it('buildah pushes a multi-arch manifest list', async () => {
    await mustRun('podman', [
      ...store,
      'import',
      '--arch',
      'arm64',
      rootfs('alpine-minirootfs-3.12.12-aarch64.tar.gz'),
      'localhost/alpine-arm:3.12',
    ]);
    await mustRun('buildah', [
      ...store,
      'manifest',
      'create',
      'localhost/list:1',
      'localhost/alpine:3.6',
      'localhost/alpine-arm:3.12',
    ]);
    const reference = `docker://${server.host}/clients/list:1`;
    await mustRun('buildah', [
      ...store,
      'manifest',
      'push',
      '--all',
      '--tls-verify=false',
      '--authfile',
      authFile,
      'localhost/list:1',
      reference,
    ]);
    await api.scannedImage('clients', 'list', '1');
    const images = await api.all<ImageItem>('/images?namespace=clients&repository=list');
    expect(images).toHaveLength(3);
  });
});
