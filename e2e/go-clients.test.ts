import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { type ClientsServer, layerOf, startClientsServer } from './clients-server.ts';
import { installGoProgram } from './go-clients.ts';
import { writeOciLayout } from './oci-layout.ts';

const crane = await installGoProgram('crane');
const regctl = await installGoProgram('regctl');
const hasUmoci = ['umoci', 'skopeo'].every(hasProgram);

describe('clients written in Go', () => {
  let clients: ClientsServer;
  let folder: string;
  let single: string;
  let singleDigest: string;
  let index: string;
  let indexDigest: string;

  beforeAll(async () => {
    clients = await startClientsServer();
    folder = clients.folder;
    [single, index] = [join(folder, 'single'), join(folder, 'index')];
    const amd64 = await layerOf({ 'srv/note': 'for amd64' });
    const arm64 = await layerOf({ 'srv/note': 'for arm64' });
    singleDigest = writeOciLayout(single, 'v1', [{ architecture: 'amd64', layers: [amd64] }]);
    indexDigest = writeOciLayout(index, 'v1', [
      { architecture: 'amd64', layers: [amd64] },
      { architecture: 'arm64', layers: [arm64] },
    ]);
    await clients.api.call('POST', '/namespaces', { name: 'others', autoScan: false });
    const { robot, secret } = await clients.api.call<{
      robot: { login: string };
      secret: { secret: string };
    }>('POST', '/robots', {
      name: 'mover',
      permissions: ['clients', 'others'].map((namespace) => ({
        namespace,
        permission: 'pull-push-delete',
      })),
    });
    const login = [clients.server.host, '-u', robot.login, '-p', secret.secret];
    if (crane !== undefined) await runCrane('auth', 'login', ...login);
    if (regctl === undefined) return;
    await runRegctl('registry', 'set', '--tls', 'disabled', clients.server.host);
    await runRegctl('registry', 'login', ...login);
  });
  afterAll(() => clients?.close());

  const named = (name: string) => clients.named(name);
  const runCrane = (...args: string[]) =>
    mustRun(crane ?? '', args, { DOCKER_CONFIG: join(folder, 'docker') });
  const runRegctl = (...args: string[]) =>
    mustRun(regctl ?? '', args, { REGCTL_CONFIG: join(folder, 'regctl.json') });

  // Skipped without Go, or where the module cannot be fetched; with CI=true that is a failure.
  describe.skipIf(crane === undefined)('crane', () => {
    it('pushes an image, pulls it and finds it whole', async () => {
      await runCrane('push', single, named('crane:v1'));
      expect((await runCrane('digest', named('crane:v1'))).trim()).toBe(singleDigest);
      await runCrane('validate', '--remote', named('crane:v1'));
      await runCrane('pull', '--format', 'oci', named('crane:v1'), join(folder, 'crane-pulled'));
      expect(readFileSync(join(folder, 'crane-pulled/index.json'), 'utf8')).toContain(singleDigest);
    });

    it('pulls an archive as docker save makes it, and pushes that as a Docker image', async () => {
      const archive = join(folder, 'crane.tar');
      await runCrane('push', single, named('crane-archive:v1'));
      await runCrane('pull', named('crane-archive:v1'), archive);
      await runCrane('push', archive, named('crane-docker:v1'));
      const manifest = JSON.parse(await runCrane('manifest', named('crane-docker:v1')));
      expect(manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
      await runCrane('validate', '--remote', named('crane-docker:v1'));
      const config = JSON.parse(await runCrane('config', named('crane-docker:v1')));
      expect(config).toMatchObject({ architecture: 'amd64', os: 'linux' });
    });

    it('pushes a multi-arch index, copies it by mounts, tags and deletes it', async () => {
      // `--index` would push the layout's own index.json; its only entry is the one that we mean.
      await runCrane('push', '--index', index, named('crane-index:layout'));
      await runCrane('copy', `${named('crane-index')}@${indexDigest}`, named('crane-copy:v1'));
      expect((await runCrane('digest', named('crane-copy:v1'))).trim()).toBe(indexDigest);
      await runCrane('validate', '--remote', named('crane-copy:v1'));
      await runCrane('tag', named('crane-copy:v1'), 'v2');
      expect((await runCrane('ls', named('crane-copy'))).trim().split('\n')).toEqual(['v1', 'v2']);
      expect(await runCrane('catalog', clients.server.host)).toContain('clients/crane-copy');
      await runCrane('delete', `${named('crane-copy')}@${indexDigest}`);
      await expect(runCrane('digest', named('crane-copy:v1'))).rejects.toThrow('MANIFEST_UNKNOWN');
    });
  });

  describe.skipIf(regctl === undefined)('regctl', () => {
    it.each([
      ['an image', () => single, () => singleDigest],
      ['a multi-arch index', () => index, () => indexDigest],
    ])('pushes %s and pulls it back', async (_, layout, digest) => {
      const reference = named('regctl:v1');
      await runRegctl('image', 'copy', `ocidir://${layout()}:v1`, reference);
      expect((await runRegctl('image', 'digest', reference)).trim()).toBe(digest());
      const pulled = mkdtempSync(join(folder, 'regctl-pulled-'));
      await runRegctl('image', 'copy', reference, `ocidir://${pulled}:v1`);
      expect((await runRegctl('image', 'digest', `ocidir://${pulled}:v1`)).trim()).toBe(digest());
    });

    it('copies a multi-arch index with its referrers into another namespace, the blobs by mounts', async () => {
      const reference = named('regctl-source:v1');
      await runRegctl('image', 'copy', `ocidir://${index}:v1`, reference);
      const type = ['--artifact-type', 'application/vnd.example.note'];
      await runRegctl('artifact', 'put', ...type, '-f', join(index, 'oci-layout'), '--subject', reference);
      const before = clients.server.output().length;
      const copied = `${clients.server.host}/others/copied:v1`;
      await runRegctl('image', 'copy', '--referrers', reference, copied);
      expect((await runRegctl('image', 'digest', copied)).trim()).toBe(indexDigest);
      const tree = await runRegctl('artifact', 'tree', copied);
      expect(tree).toContain(indexDigest);
      expect(tree).toContain('application/vnd.example.note');
      const requests = clients.server.output().slice(before);
      // Nothing was uploaded: each blob was mounted.
      expect(requests).toMatch(/"method":"POST"[^\n]*others\/copied\/blobs\/uploads\/[^\n]*"status":201/);
      expect(requests).not.toMatch(/"method":"(PUT|PATCH)"[^\n]*\/blobs\/uploads\//);
    });

    it('turns a multi-arch index into a Docker manifest list, in the registry', async () => {
      await runRegctl('image', 'copy', `ocidir://${index}:v1`, named('regctl-list:oci'));
      const list = named('regctl-list:docker');
      await runRegctl('image', 'mod', '--to-docker', '--create', list, named('regctl-list:oci'));
      const manifest = JSON.parse(await runRegctl('manifest', 'get', '--format', 'raw-body', list));
      expect(manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
      expect(manifest.manifests).toHaveLength(2);
      const arm = ['--platform', 'linux/arm64', '--format', 'raw-body'];
      const image = JSON.parse(await runRegctl('manifest', 'get', ...arm, list));
      expect(image.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
    });

    it('attaches an artifact, lists it as a referrer and gets it', async () => {
      const reference = named('regctl-artifacts:v1');
      await runRegctl('image', 'copy', `ocidir://${single}:v1`, reference);
      const file = join(folder, 'statement.json');
      writeFileSync(file, '{"checked":true}');
      const type = 'application/vnd.example.statement.v1+json';
      await runRegctl(
        'artifact',
        'put',
        '--artifact-type',
        type,
        '--file-media-type',
        type,
        '-f',
        file,
        '--subject',
        reference,
      );
      const list = JSON.parse(
        await runRegctl(
          'artifact',
          'list',
          '--filter-artifact-type',
          type,
          '--format',
          '{{json .}}',
          reference,
        ),
      );
      expect(list.descriptors).toHaveLength(1);
      expect(list.descriptors[0].artifactType).toBe(type);
      const got = await runRegctl('artifact', 'get', '--subject', reference, '--filter-artifact-type', type);
      expect(got).toBe('{"checked":true}');
      await runRegctl('tag', 'rm', reference);
      expect((await runRegctl('tag', 'ls', named('regctl-artifacts'))).trim()).toBe('');
    });
  });

  // Skipped without umoci or skopeo; with CI=true their absence is a failure.
  it.skipIf(!hasUmoci)('umoci unpacks what it made, after skopeo has pushed and pulled it', async () => {
    const layout = join(folder, 'umoci');
    const note = join(folder, 'note');
    writeFileSync(note, 'made by umoci\n');
    await mustRun('umoci', ['init', '--layout', layout]);
    await mustRun('umoci', ['new', '--image', `${layout}:v1`]);
    await mustRun('umoci', ['insert', '--rootless', '--image', `${layout}:v1`, note, '/note']);
    const reference = `docker://${named('umoci:v1')}`;
    const { name, secret } = clients.writer;
    const credentials = `${name}:${secret}`;
    const push = ['copy', '--dest-tls-verify=false', '--dest-creds', credentials];
    await mustRun('skopeo', [...push, `oci:${layout}:v1`, reference]);
    const pulled = join(folder, 'umoci-pulled');
    mkdirSync(pulled);
    const pull = ['copy', '--src-tls-verify=false', '--src-creds', credentials];
    await mustRun('skopeo', [...pull, reference, `oci:${pulled}:v1`]);
    const bundle = join(folder, 'bundle');
    await mustRun('umoci', ['unpack', '--rootless', '--image', `${pulled}:v1`, bundle]);
    expect(readFileSync(join(bundle, 'rootfs/note'), 'utf8')).toBe('made by umoci\n');
  });
});
