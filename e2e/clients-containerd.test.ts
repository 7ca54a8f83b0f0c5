import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { type Containerd, canRunContainerd, startContainerd } from './clients-containerd.ts';
import { type ClientsServer, layerOf, startClientsServer } from './clients-server.ts';
import { writeOciLayout } from './oci-layout.ts';

const hasSkopeo = hasProgram('skopeo');

// Skipped without containerd, or without the root that its daemon needs; with CI=true that is a failure.
describe.skipIf(!canRunContainerd() || !hasSkopeo)("containerd's ctr", () => {
  let clients: ClientsServer;
  let containerd: Containerd;
  let indexDigest: string;
  let singleDigest: string;

  beforeAll(async () => {
    clients = await startClientsServer();
    containerd = await startContainerd(join(clients.folder, 'containerd'));
    const amd64 = await layerOf({ 'srv/note': 'for amd64' });
    const arm64 = await layerOf({ 'srv/note': 'for arm64' });
    const layout = (name: string) => join(clients.folder, name);
    singleDigest = writeOciLayout(layout('single'), 'v1', [{ architecture: 'amd64', layers: [amd64] }]);
    indexDigest = writeOciLayout(layout('index'), 'v1', [
      { architecture: 'amd64', layers: [amd64] },
      { architecture: 'arm64', layers: [arm64] },
    ]);
  });
  afterAll(async () => {
    await containerd?.stop();
    await clients?.close();
  });

  const access = (login: { readonly name: string; readonly secret: string }) => [
    '--plain-http',
    '--user',
    `${login.name}:${login.secret}`,
  ];
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');

  /** Takes an image from a layout into the daemon's store, under the name that it is to be pushed as. */
  async function importLayout(layout: 'single' | 'index', name: string): Promise<string> {
    const archive = join(clients.folder, `${layout}.tar`);
    await mustRun('tar', ['-C', join(clients.folder, layout), '-cf', archive, '.']);
    const base = ['--base-name', clients.named(name)];
    await containerd.ctr('images', 'import', '--no-unpack', '--all-platforms', ...base, archive);
    return clients.named(`${name}:v1`);
  }

  /** The bytes must come from the registry: nothing is kept. */
  async function forgetEverything(): Promise<void> {
    for (const reference of lines(await containerd.ctr('images', 'ls', '-q')))
      await containerd.ctr('images', 'rm', '--sync', reference);
    expect(lines(await containerd.ctr('content', 'ls', '-q'))).toEqual([]);
  }

  async function describeImage(reference: string): Promise<{ type: string; digest: string }> {
    const listed = await containerd.ctr('images', 'ls', `name==${reference}`);
    const [, type = '', digest = ''] = lines(listed)[1]?.split(/\s+/) ?? [];
    return { type, digest };
  }

  it.each([
    ['an image', 'single', () => singleDigest, 3],
    ['a multi-arch index', 'index', () => indexDigest, 7],
  ] as const)(
    'pushes %s, pulls it with the right to pull alone, and unpacks it',
    async (_, layout, digest, contents) => {
      const reference = await importLayout(layout, `ctr-${layout}`);
      await containerd.ctr('images', 'push', ...access(clients.writer), reference);
      await forgetEverything();
      const options = [...access(clients.reader), '--all-platforms', '--snapshotter', 'native'];
      await containerd.ctr('images', 'pull', ...options, reference);
      expect((await describeImage(reference)).digest).toBe(digest());
      const kept = lines(await containerd.ctr('content', 'ls', '-q'));
      expect(kept).toContain(digest());
      expect(kept).toHaveLength(contents);
      const checked = await containerd.ctr(
        'images',
        'check',
        '--snapshotter',
        'native',
        `name==${reference}`,
      );
      expect(checked).toMatch(/complete .* true/);
    },
  );

  it('fetches the content of one platform, without unpacking it', async () => {
    const reference = await importLayout('index', 'ctr-fetch');
    await containerd.ctr('images', 'push', ...access(clients.writer), reference);
    await forgetEverything();
    const platform = ['--platform', 'linux/arm64'];
    await containerd.ctr('content', 'fetch', ...access(clients.reader), ...platform, reference);
    // The index, one manifest, its config and its layer.
    expect(lines(await containerd.ctr('content', 'ls', '-q'))).toHaveLength(4);
  });

  it('pulls a Docker image and pushes it into another repository, where its blobs are mounted', async () => {
    const source = clients.named('ctr-docker:v1');
    const { name, secret } = clients.writer;
    const push = ['--dest-tls-verify=false', '--dest-creds', `${name}:${secret}`, '--format', 'v2s2'];
    await mustRun('skopeo', ['copy', ...push, `oci:${clients.folder}/single:v1`, `docker://${source}`]);
    await forgetEverything();
    const snapshots = ['--snapshotter', 'native'];
    await containerd.ctr('images', 'pull', ...access(clients.writer), ...snapshots, source);
    const pulled = await describeImage(source);
    expect(pulled.type).toBe('application/vnd.docker.distribution.manifest.v2+json');
    const target = clients.named('ctr-docker-copy:v1');
    await containerd.ctr('images', 'tag', source, target);
    const before = clients.server.output().length;
    await containerd.ctr('images', 'push', ...access(clients.writer), target);
    expect(clients.server.output().slice(before)).not.toMatch(/"method":"PUT"[^\n]*\/blobs\/uploads\//);
    await forgetEverything();
    await containerd.ctr('images', 'pull', ...access(clients.reader), ...snapshots, target);
    expect(await describeImage(target)).toEqual(pulled);
  });

  it('is refused without an account, and a push with the right to pull alone', async () => {
    const reference = await importLayout('single', 'ctr-refused');
    const push = await containerd.tryCtr('images', 'push', ...access(clients.reader), reference);
    expect(push.code).not.toBe(0);
    expect(push.stderr).toMatch(/denied|403|401|insufficient_scope/i);
    await containerd.ctr('images', 'push', ...access(clients.writer), reference);
    const pull = await containerd.tryCtr('images', 'pull', '--plain-http', reference);
    expect(pull.code).not.toBe(0);
    expect(pull.stderr).toMatch(/401|unauthorized/i);
  });
});
