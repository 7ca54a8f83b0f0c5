import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageItem } from './api-client.ts';
import { hasProgram, mustRun, sharedFolder } from './clients.ts';
import { type ClientsServer, startClientsServer } from './clients-server.ts';

const shared = sharedFolder();
const unavailable = shared === undefined || !['podman', 'buildah', 'skopeo'].every(hasProgram);

// Skipped where the real data or a client is missing; with CI=true their absence is a failure.
describe.skipIf(unavailable)('podman and buildah', () => {
  let clients: ClientsServer;
  let store: readonly string[];
  let authFile: string;
  const rootfs = (name: string) => join(shared ?? '', 'images/alpine', name);
  /** Options of a store of its own, so that what is pulled must come from the registry. */
  const emptyStore = (name: string) => [
    ...['--root', join(clients.folder, `root-${name}`)],
    ...['--runroot', join(clients.folder, `run-${name}`)],
    ...['--storage-driver', 'vfs'],
  ];

  beforeAll(async () => {
    clients = await startClientsServer();
    await clients.api.call('PATCH', '/namespaces/clients', { autoScan: true });
    store = emptyStore('own');
    authFile = join(clients.folder, 'auth.json');
    const { name, secret } = clients.writer;
    const credentials = ['--authfile', authFile, '-u', name, '-p', secret];
    await mustRun('podman', [...store, 'login', '--tls-verify=false', ...credentials, clients.server.host]);
    const archive = rootfs('alpine-rootfs-3.6.2-x86_64.tar.gz');
    await mustRun('podman', [...store, 'import', archive, 'localhost/alpine:3.6']);
  });
  afterAll(() => clients?.close());

  for (const format of ['oci', 'v2s2'] as const) {
    it(`podman pushes and pulls an image of format ${format}`, async () => {
      const reference = `${clients.server.host}/clients/podman-${format}:1`;
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
      const pushed = await clients.api.scannedImage('clients', `podman-${format}`, '1');
      const other = emptyStore(`pulled-${format}`);
      const { name, secret } = clients.reader;
      const pull = ['pull', '--tls-verify=false', '--creds', `${name}:${secret}`];
      await mustRun('podman', [...other, ...pull, reference]);
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
      const file = join(clients.folder, `note-${format}`);
      writeFileSync(file, `made by buildah as ${format}\n`);
      await mustRun('buildah', [...store, 'copy', container, file, '/srv/note']);
      const local = `localhost/built-${format}:1`;
      await mustRun('buildah', [...store, 'commit', '--format', format, container, local]);
      const reference = `docker://${clients.server.host}/clients/buildah-${format}:1`;
      await mustRun('buildah', [
        ...store,
        'push',
        '--tls-verify=false',
        '--authfile',
        authFile,
        local,
        reference,
      ]);
      const image = await clients.api.scannedImage('clients', `buildah-${format}`, '1');
      expect(image.scan.progress.layersTotal).toBe(2);
    });
  }

  for (const [format, mediaType] of [
    ['oci', 'application/vnd.oci.image.index.v1+json'],
    ['v2s2', 'application/vnd.docker.distribution.manifest.list.v2+json'],
  ] as const) {
    it(`buildah pushes a multi-arch list of format ${format}, of which podman pulls the platform it is asked for`, async () => {
      const archive = rootfs('alpine-minirootfs-3.12.12-aarch64.tar.gz');
      await mustRun('podman', [...store, 'import', '--arch', 'arm64', archive, 'localhost/alpine-arm:3.12']);
      const local = `localhost/list-${format}:1`;
      const members = ['localhost/alpine:3.6', 'localhost/alpine-arm:3.12'];
      await mustRun('buildah', [...store, 'manifest', 'create', local, ...members]);
      const access = ['--tls-verify=false', '--authfile', authFile];
      const reference = clients.named(`list-${format}:1`);
      const push = ['manifest', 'push', '--all', '--format', format, ...access];
      await mustRun('buildah', [...store, ...push, local, `docker://${reference}`]);
      const list = await clients.api.scannedImage('clients', `list-${format}`, '1');
      const images = await clients.api.all<ImageItem>(`/images?namespace=clients&repository=list-${format}`);
      expect(images).toHaveLength(3);
      const raw = ['inspect', '--raw', ...access, `docker://${reference}@${list.digest}`.replace(':1@', '@')];
      expect(JSON.parse(await mustRun('skopeo', raw)).mediaType).toBe(mediaType);
      const other = emptyStore(`list-${format}`);
      await mustRun('podman', [...other, 'pull', '--arch', 'arm64', ...access, reference]);
      const inspected = await mustRun('podman', [
        ...other,
        'inspect',
        '--format',
        '{{.Architecture}}',
        reference,
      ]);
      expect(inspected.trim()).toBe('arm64');
    });
  }
});
