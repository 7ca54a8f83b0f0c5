import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from './clients.ts';
import { type ClientsServer, type Login, layerOf, startClientsServer } from './clients-server.ts';
import { installGoProgram } from './go-clients.ts';
import { orasWithoutTls } from './go-clients-oras.ts';
import { writeOciLayout } from './oci-layout.ts';

const oras = await installGoProgram('oras');
const artifactType = 'application/vnd.example.dataset.v1';
const noteType = 'application/vnd.example.note.v1';

// Skipped without Go, or where the module cannot be fetched; with CI=true that is a failure.
describe.skipIf(oras === undefined)('oras', () => {
  let clients: ClientsServer;

  beforeAll(async () => {
    clients = await startClientsServer();
    writeFileSync(join(clients.folder, 'data.csv'), 'a,b\n1,2\n');
    writeFileSync(join(clients.folder, 'note.json'), '{"checked":true}');
    for (const login of [clients.writer, clients.reader]) {
      await runAs(login, 'login', '-u', login.name, '-p', login.secret, clients.server.host);
    }
  });
  afterAll(() => clients?.close());

  const named = (name: string) => clients.named(name);
  // It refuses absolute paths of files: they would be unpacked to them.
  const runAs = (login: Login, ...args: string[]) =>
    mustRun(
      oras ?? '',
      orasWithoutTls(args),
      { DOCKER_CONFIG: join(clients.folder, login.name) },
      clients.folder,
    );
  const run = (...args: string[]) => runAs(clients.writer, ...args);
  const runJson = async (...args: string[]) => JSON.parse(await run(...args, '--format', 'json'));

  it('pushes an artifact under two tags, and pulls it with the right to pull alone', async () => {
    const files = ['data.csv:text/csv', 'note.json:application/json'];
    const type = ['--artifact-type', artifactType];
    const pushed = await runJson('push', ...type, named('data:v1,v2'), ...files);
    const tags = await runAs(clients.reader, 'repo', 'tags', named('data'));
    expect(tags.trim().split('\n')).toEqual(['v1', 'v2']);
    expect(await runAs(clients.reader, 'repo', 'ls', clients.server.host)).toContain('clients/data');
    const target = join(clients.folder, 'pulled');
    await runAs(clients.reader, 'pull', '-o', target, named('data:v2'));
    expect(readFileSync(join(target, 'data.csv'), 'utf8')).toBe('a,b\n1,2\n');
    expect(readFileSync(join(target, 'note.json'), 'utf8')).toBe('{"checked":true}');
    const descriptor = JSON.parse(await run('manifest', 'fetch', '--descriptor', named('data:v1')));
    expect(descriptor.digest).toBe(pushed.digest);
    await expect(
      runAs(clients.reader, 'push', ...type, named('data:v3'), 'note.json:application/json'),
    ).rejects.toThrow(/denied|403/i);
  });

  it('attaches to an artifact, discovers what is attached, and copies both by mounts', async () => {
    const pushed = await runJson('push', '--artifact-type', artifactType, named('a:v1'), 'data.csv:text/csv');
    const note = ['note.json:application/json'];
    const attached = await runJson('attach', '--artifact-type', noteType, named('a:v1'), ...note);
    await runJson('attach', '--artifact-type', `${noteType}.other`, named('a:v1'), ...note);
    const found = await runJson('discover', named('a:v1'));
    expect(found.manifests).toHaveLength(2);
    // One type alone, which the registry filters by.
    const filtered = await runJson('discover', '--artifact-type', noteType, named('a:v1'));
    expect(filtered.manifests).toMatchObject([{ digest: attached.digest, artifactType: noteType }]);

    const copied = await run('cp', '-r', named('a:v1'), named('copy:v1'));
    expect(copied).toContain('Mounted');
    expect(copied).toContain(pushed.digest);
    expect((await runJson('discover', named('copy:v1'))).manifests).toHaveLength(2);
  });

  it('copies a multi-arch index from a layout, and back', async () => {
    const layers = { amd64: await layerOf({ note: 'amd64' }), arm64: await layerOf({ note: 'arm64' }) };
    const digest = writeOciLayout(join(clients.folder, 'index'), 'v1', [
      { architecture: 'amd64', layers: [layers.amd64] },
      { architecture: 'arm64', layers: [layers.arm64] },
    ]);
    await run('cp', '--from-oci-layout', 'index:v1', named('index:v1'));
    await run('cp', named('index:v1'), '--to-oci-layout', 'index-pulled:v1');
    const pulled = readFileSync(join(clients.folder, 'index-pulled/index.json'), 'utf8');
    expect(pulled).toContain(digest);
  });

  it('deletes a manifest, and its tags go with it', async () => {
    await run('push', '--artifact-type', artifactType, named('gone:v1'), 'data.csv:text/csv');
    await run('manifest', 'delete', '--force', named('gone:v1'));
    await expect(run('manifest', 'fetch', named('gone:v1'))).rejects.toThrow(/not found/i);
  });
});
