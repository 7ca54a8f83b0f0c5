import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addNamespace } from '../src/app/administration/administer-namespaces.ts';
import { checkInstallation } from '../src/app/administration/upkeep.ts';
import { openInstallation } from '../src/app/installation.ts';
import { loadConfig } from '../src/app/settings/config.ts';
import { freePort } from '../src/testing/free-port.ts';
import { type Answer, RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { digestOf, pullProblem } from './kill-harness.ts';
import { adminAuthorization, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const isRoot = process.getuid?.() === 0;
const kibibyte = 1024;
const repository = 'team/app';
const authorization = adminAuthorization;
const silent = 'file:/nonexistent';
const quiet = { PRATIQUE_ADVISORIES: silent, PRATIQUE_KEV: silent, PRATIQUE_EPSS: silent };

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A file system of its own, as large as that; only root may mount one. */
function mountSmallDisk(sizeMebibytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMebibytes}m,mode=0700`, 'tmpfs', folder]);
  cleanups.push(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Takes room until so much is left; returns what gives it back. */
function fill(folder: string, leftBytes: number): () => void {
  const file = join(folder, 'ballast');
  const { bavail, bsize } = statfsSync(folder);
  try {
    writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
  } catch (error) {
    // Somebody else has just written there, and now it is full.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
  return () => rmSync(file);
}

async function startOn(folders: { readonly dataFolder: string; readonly blobsFolder?: string }) {
  const { dataFolder, blobsFolder } = folders;
  const blobs = blobsFolder === undefined ? {} : { PRATIQUE_BLOBS: `file:${blobsFolder}` };
  const port = await freePort();
  const environment = { ...quiet, ...blobs, PRATIQUE_LOG_LEVEL: 'error' };
  const server: ServerProcess = await startServerProcess({ port, dataFolder, environment });
  cleanups.push(() => server.stop());
  const config = loadConfig({ environment: { PRATIQUE_DATA: dataFolder, ...blobs }, folder: '/' });
  const installation = await openInstallation(config, { role: 'guest' });
  await addNamespace(installation.connection, 'team', {}).finally(() => installation.close());
  const broken = async () => {
    const opened = await openInstallation(config, { role: 'guest' });
    const report = await checkInstallation(opened, { isDeep: true, onProgress: () => {} }).finally(() =>
      opened.close(),
    );
    return report.breaches.filter(({ level }) => level === 'broken');
  };
  return { server, broken, client: new RegistryClient(server.url, { authorization }) };
}

async function health(server: ServerProcess) {
  const answer = await fetch(`${server.url}/healthz`);
  return (await answer.json()) as { readonly status: string; readonly problems?: readonly string[] };
}

// CI runs as root; elsewhere nobody but root may mount.
describe.skipIf(!isRoot && process.env['CI'] === undefined)('a full disk (threats.md F6)', () => {
  it('of the blob store, with 20 amounts left: writes get 507, reads go on, and it recovers', async () => {
    const blobsFolder = mountSmallDisk(64);
    const dataFolder = mkdtempSync(join(tmpdir(), 'pratique-data-'));
    cleanups.push(() => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 20 }));
    const { server, client, broken } = await startOn({ dataFolder, blobsFolder });
    const before = testImage('before');
    expect((await client.pushImage(repository, 'before', before)).status).toBe(201);
    const blob = randomBytes(900 * kibibyte);
    let refusedCount = 0;
    for (let level = 0; level < 20; level += 1) {
      const free = fill(blobsFolder, level * 64 * kibibyte);
      const own = Buffer.concat([blob, Buffer.from(`level ${level}`)]);
      const opened = await client.send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
      expect([202, 507]).toContain(opened.status);
      const location = opened.headers.get('location') ?? '';
      const pushed =
        opened.status === 202
          ? await client.send(`${location}?digest=${digestOf(own)}`, { method: 'PUT', body: own })
          : opened;
      if (pushed.status !== 201) {
        refusedCount += 1;
        expect([pushed.status, pushed.codes]).toEqual([507, ['UNAVAILABLE']]);
      }
      expect(await pullProblem(client, repository, before)).toBeUndefined();
      if (level === 0) {
        await waitUntil('it says that it is degraded', async () => {
          const { status, problems = [] } = await health(server);
          return status === 'degraded' && problems.some((problem) => problem.includes('blob store'));
        });
        const ready = await fetch(`${server.url}/readyz`);
        expect([ready.status, (await ready.json()) as unknown]).toEqual([
          200,
          { status: 'ready', degraded: true, problems: expect.any(Array) },
        ]);
      }
      free();
      // The same session goes on where it is, or a new one is begun.
      const shown = await client.send(location);
      if (pushed.status !== 201 && shown.status === 204) {
        const last = Number(/^0-(\d+)$/.exec(shown.headers.get('range') ?? '')?.[1]);
        const rest = own.subarray(last === 0 ? 0 : last + 1);
        const again = await client.send(`${location}?digest=${digestOf(own)}`, { method: 'PUT', body: rest });
        expect([again.status, again.message]).toEqual([201, undefined]);
      } else if (pushed.status !== 201) {
        expect((await client.pushBlob(repository, own)).status).toBe(201);
      }
      const read = await client.send(`/v2/${repository}/blobs/${digestOf(own)}`);
      expect(read.bytes.equals(own)).toBe(true);
    }
    expect(refusedCount).toBeGreaterThan(5);
    expect(refusedCount).toBeLessThan(20);
    await waitUntil('it is well again', async () => (await health(server)).status === 'ok');
    expect(await broken()).toEqual([]);
  });

  it('of the database: writes are refused, reads go on or come back, and it recovers by itself', async () => {
    const dataFolder = join(mountSmallDisk(200), 'data');
    mkdirSync(dataFolder);
    const { server, client, broken } = await startOn({ dataFolder });
    const before = testImage('before');
    expect((await client.pushImage(repository, 'before', before)).status).toBe(201);
    const free = fill(join(dataFolder, '..'), 0);
    // Until the log of the database needs another file.
    let refused: Answer | undefined;
    for (let number = 0; number < 400 && refused === undefined; number += 1) {
      const annotations = { note: randomBytes(60_000).toString('base64') };
      const image = testImage(`before`, { annotations });
      const answer = await client.pushManifest(repository, `t${number}`, image);
      if (answer.status !== 201) refused = answer;
    }
    expect([503, 507]).toContain(refused?.status);
    expect(refused?.codes).toEqual(['UNAVAILABLE']);
    await waitUntil('what is there can be read', async () => {
      const problem = await pullProblem(client, repository, before).catch(() => 'cut off');
      return problem === undefined;
    });
    await waitUntil('it says that it is degraded', async () => {
      return (await health(server)).status === 'degraded';
    });
    free();
    const after = testImage('after');
    await waitUntil('pushes succeed again', async () => {
      const answer = await client.pushImage(repository, 'after', after).catch(() => undefined);
      return answer?.status === 201;
    });
    expect(await pullProblem(client, repository, after)).toBeUndefined();
    await waitUntil('it is well again', async () => (await health(server)).status === 'ok');
    expect(await broken()).toEqual([]);
  });
});
