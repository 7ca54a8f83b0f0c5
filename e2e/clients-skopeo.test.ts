import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { type ClientsServer, type Login, layerOf, startClientsServer } from './clients-server.ts';
import { writeOciLayout } from './oci-layout.ts';

// Skipped without skopeo; with CI=true its absence is a failure.
describe.skipIf(!hasProgram('skopeo'))('skopeo', () => {
  let clients: ClientsServer;
  let indexDigest: string;

  beforeAll(async () => {
    clients = await startClientsServer();
    indexDigest = writeOciLayout(at('index'), 'v1', [
      { architecture: 'amd64', layers: [await layerOf({ 'srv/note': 'for amd64' })] },
      { architecture: 'arm64', layers: [await layerOf({ 'srv/note': 'for arm64' })] },
    ]);
  });
  afterAll(() => clients?.close());

  const at = (name: string) => join(clients.folder, name);
  const remote = (name: string) => `docker://${clients.named(name)}`;
  const credentials = ({ name, secret }: Login) => `${name}:${secret}`;
  const push = (...args: string[]) =>
    copy('--dest-tls-verify=false', '--dest-creds', credentials(clients.writer), ...args);
  const pull = (...args: string[]) =>
    copy('--src-tls-verify=false', '--src-creds', credentials(clients.reader), ...args);
  const copy = (...args: string[]) => mustRun('skopeo', ['copy', ...args]);
  const inspectRaw = async (name: string) => {
    const access = ['--tls-verify=false', '--creds', credentials(clients.reader)];
    return JSON.parse(await mustRun('skopeo', ['inspect', '--raw', ...access, remote(name)]));
  };

  it('pushes a multi-arch index and pulls it, byte for byte', async () => {
    await push('--all', '--preserve-digests', `oci:${at('index')}:v1`, remote('index:v1'));
    await pull('--all', '--preserve-digests', remote('index:v1'), `oci:${at('pulled')}:v1`);
    const layout = JSON.parse(readFileSync(at('pulled/index.json'), 'utf8'));
    expect(layout.manifests[0].digest).toBe(indexDigest);
  });

  it('pushes a multi-arch index as a Docker manifest list, and pulls one platform of it', async () => {
    await push('--all', '--format', 'v2s2', `oci:${at('index')}:v1`, remote('list:v1'));
    const list = await inspectRaw('list:v1');
    expect(list.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
    expect(list.manifests).toHaveLength(2);
    await pull('--override-arch', 'arm64', remote('list:v1'), `docker-archive:${at('arm.tar')}`);
    mkdirSync(at('arm'));
    await mustRun('tar', ['-xf', at('arm.tar'), '-C', at('arm')]);
    const [{ Config }] = JSON.parse(readFileSync(at('arm/manifest.json'), 'utf8'));
    expect(JSON.parse(readFileSync(join(at('arm'), Config), 'utf8')).architecture).toBe('arm64');
  });

  it('lists tags, synchronises a repository into a folder and deletes a tag', async () => {
    for (const tag of ['a', 'b'])
      await push('--override-arch', 'amd64', `oci:${at('index')}:v1`, remote(`sync:${tag}`));
    const access = ['--tls-verify=false', '--creds'];
    const tags = await mustRun('skopeo', [
      'list-tags',
      ...access,
      credentials(clients.reader),
      remote('sync'),
    ]);
    expect(JSON.parse(tags).Tags).toEqual(['a', 'b']);
    mkdirSync(at('synced'));
    const from = ['--src-tls-verify=false', '--src-creds', credentials(clients.reader), '--src', 'docker'];
    await mustRun('skopeo', ['sync', ...from, '--dest', 'dir', clients.named('sync'), at('synced')]);
    for (const tag of ['a', 'b'])
      expect(readFileSync(at(`synced/sync:${tag}/manifest.json`), 'utf8')).toContain('schemaVersion');
    // It deletes by digest, and with it both tags.
    await mustRun('skopeo', ['delete', ...access, credentials(clients.writer), remote('sync:a')]);
    await expect(inspectRaw('sync:b')).rejects.toThrow(/manifest unknown/i);
  });

  it('is told that a robot may not push, and nothing without an account', async () => {
    const source = `oci:${at('index')}:v1`;
    const asReader = ['--dest-tls-verify=false', '--dest-creds', credentials(clients.reader)];
    await expect(copy(...asReader, source, remote('refused:v1'))).rejects.toThrow(/denied|forbidden|403/i);
    const anonymous = ['--src-tls-verify=false', '--src-no-creds'];
    await expect(copy(...anonymous, remote('index:v1'), `dir:${at('anonymous')}`)).rejects.toThrow(
      /unauthorized|authentication required|denied/i,
    );
  });
});
