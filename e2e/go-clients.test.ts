import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from './api-client.ts';
import { hasProgram, mustRun } from './clients.ts';
import { installGoProgram } from './go-clients.ts';
import { writeOciLayout } from './oci-layout.ts';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.ts';

const crane = await installGoProgram({
  name: 'crane',
  package: 'github.com/google/go-containerregistry/cmd/crane',
  version: 'v0.22.1',
});
const regctl = await installGoProgram({
  name: 'regctl',
  package: 'github.com/regclient/regclient/cmd/regctl',
  version: 'v0.11.7',
});
const hasUmoci = ['umoci', 'skopeo'].every(hasProgram);

async function layerOf(text: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'srv/note' }, text);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

describe('clients written in Go', () => {
  let server: ServerProcess;
  let singleDigest: string;
  let indexDigest: string;
  const folder = mkdtempSync(join(tmpdir(), 'pratique-go-clients-'));
  const single = join(folder, 'single');
  const index = join(folder, 'index');

  beforeAll(async () => {
    server = await startServerProcess({ environment: { PRATIQUE_ADVISORIES: `file:${folder}/no-feed` } });
    const api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'clients', autoScan: false });
    const [amd64, arm64] = [await layerOf('for amd64'), await layerOf('for arm64')];
    singleDigest = writeOciLayout(single, 'v1', [{ architecture: 'amd64', layers: [amd64] }]);
    indexDigest = writeOciLayout(index, 'v1', [
      { architecture: 'amd64', layers: [amd64] },
      { architecture: 'arm64', layers: [arm64] },
    ]);
    const login = [server.host, '-u', 'admin', '-p', adminPassword];
    if (crane !== undefined) await runCrane('auth', 'login', ...login);
    if (regctl === undefined) return;
    await runRegctl('registry', 'set', '--tls', 'disabled', server.host);
    await runRegctl('registry', 'login', ...login);
  });
  afterAll(async () => {
    expect(await server?.stop()).toBe(0);
    server?.clean();
    rmSync(folder, { recursive: true, force: true });
  });

  const named = (name: string) => `${server.host}/clients/${name}`;
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

    it('pushes a multi-arch index, copies it by mounts, tags and deletes it', async () => {
      // `--index` would push the layout's own index.json; its only entry is the one that we mean.
      await runCrane('push', '--index', index, named('crane-index:layout'));
      await runCrane('copy', `${named('crane-index')}@${indexDigest}`, named('crane-copy:v1'));
      expect((await runCrane('digest', named('crane-copy:v1'))).trim()).toBe(indexDigest);
      await runCrane('validate', '--remote', named('crane-copy:v1'));
      await runCrane('tag', named('crane-copy:v1'), 'v2');
      expect((await runCrane('ls', named('crane-copy'))).trim().split('\n')).toEqual(['v1', 'v2']);
      expect(await runCrane('catalog', server.host)).toContain('clients/crane-copy');
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
      // Another repository: the blobs are mounted.
      await runRegctl('image', 'copy', reference, named('regctl-copy:v1'));
      expect((await runRegctl('image', 'digest', named('regctl-copy:v1'))).trim()).toBe(digest());
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
    const credentials = `admin:${adminPassword}`;
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
