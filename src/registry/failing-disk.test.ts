import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { FileStore } from '../storage/file-store.ts';
import { nodeFileSystem } from '../storage/file-system.ts';
import { FailingFiles } from '../testing/failing-files.ts';
import { type Answer, basic, RegistryClient } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let root: string;
let registry: RegistryUnderTest;
let client: RegistryClient;
const files = new FailingFiles(nodeFileSystem);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'failing-disk-'));
  registry = await startRegistry({ store: await FileStore.open(root, { fileSystem: files }) });
  await registry.addNamespace('ns', { members: { dev: 'developer' } });
  client = new RegistryClient(registry.url, basic('dev'));
});
afterAll(async () => {
  await registry.close();
  await rm(root, { recursive: true });
});

const uploads = '/v2/ns/app/blobs/uploads/';

/** How a client pushes in two pieces that asks where the upload is after every failure; returns the failures. */
async function pushThrough(bytes: Buffer): Promise<readonly Answer[]> {
  const failures: Answer[] = [];
  const half = bytes.length / 2;
  for (let tries = 0; tries < 8; tries += 1) {
    const opened = await client.send(uploads, { method: 'POST' });
    if (opened.status !== 202) {
      failures.push(opened);
      continue;
    }
    const location = opened.headers.get('location') ?? '';
    for (let offset = 0; ; ) {
      const isWhole = offset === bytes.length;
      const body = isWhole ? {} : { body: bytes.subarray(offset, offset < half ? half : bytes.length) };
      const answer = isWhole
        ? await client.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })
        : await client.send(location, { method: 'PATCH', ...body });
      if (answer.status === 201) return failures;
      if (answer.status !== 202) failures.push(answer);
      let shown = answer.status === 202 ? answer : await client.send(location);
      if (![202, 204, 404].includes(shown.status)) {
        failures.push(shown);
        shown = await client.send(location);
      }
      if (shown.status === 404) break;
      offset = arrivedOf(shown, bytes, offset);
      if (failures.length > 4) return failures;
    }
  }
  throw new Error('no end of tries');
}

/** Of an empty upload the range is `0-0`, as it is of one with a single byte, which is never sent here. */
function arrivedOf(shown: Answer, bytes: Buffer, before: number): number {
  const last = Number(/^0-(\d+)$/.exec(shown.headers.get('range') ?? '')?.[1]);
  const arrived = last === 0 ? 0 : last + 1;
  expect(arrived).toBeGreaterThanOrEqual(before);
  expect(arrived).toBeLessThanOrEqual(bytes.length);
  return arrived;
}

async function pullThrough(bytes: Buffer): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = await client.send(`/v2/ns/app/blobs/${digestOf(bytes)}`).catch(() => undefined);
    if (answer?.status === 200) expect(answer.bytes.equals(bytes)).toBe(true);
    if (answer?.status === 200) return;
    expect(answer === undefined || answer.status >= 500).toBe(true);
  }
  throw new Error('never readable');
}

describe('a registry whose disk fails once (threats.md F7)', () => {
  it.each([
    { code: 'ENOSPC', status: 507 },
    { code: 'EDQUOT', status: 507 },
    { code: 'EIO', status: 503 },
    { code: 'EROFS', status: 503 },
    { code: 'EMFILE', status: 503 },
    { code: 'EACCES', status: 503 },
  ])('with $code at any call answers $status, and the push goes on', async ({ code, status }) => {
    files.failure = { call: 0, code: '' };
    files.calls = [];
    const dry = randomBytes(20_000);
    expect(await pushThrough(dry)).toEqual([]);
    const sites = [...files.calls];
    expect(sites).toEqual(
      expect.arrayContaining(['open', 'fsync', 'fstat', 'writev', 'fdatasync', 'rename']),
    );
    for (let call = 1; call <= sites.length; call += 1) {
      files.calls = [];
      files.failure = { call, code };
      const bytes = randomBytes(20_000);
      const failures = await pushThrough(bytes);
      for (const failure of failures) {
        expect([sites[call - 1], failure.status, failure.codes]).toEqual([
          sites[call - 1],
          status,
          ['UNAVAILABLE'],
        ]);
      }
      // Only what is done to clean up or to look may fail unnoticed.
      expect(failures.length, `${call}: ${sites[call - 1]}`).toBeLessThanOrEqual(1);
      files.failure = { call: 0, code: '' };
      await pullThrough(bytes);
    }
  });

  it('while it is read answers an error or breaks off, and never sends other bytes', async () => {
    const bytes = randomBytes(20_000);
    expect(await pushThrough(bytes)).toEqual([]);
    for (let call = 1; call <= 3; call += 1) {
      files.calls = [];
      files.failure = { call, code: 'EMFILE' };
      await pullThrough(bytes);
    }
  });

  it('leaves nothing half-made: no blob without bytes, no upload that was not told of', async () => {
    const open = await registry.database.db.selectFrom('upload').select('id').execute();
    const left = await readdir(join(root, 'uploads'));
    const unknown = left.filter((name) => !open.some(({ id }) => id === name));
    // The file is made before its row: what could not be removed then is collected later.
    expect(unknown.length).toBeLessThanOrEqual(6);
    for (const file of await readdir(join(root, 'blobs'), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(file.name).toMatch(/^[0-9a-f]{64}\.[0-9a-f]{32}$/);
    }
  });

  it('with a sync that comes to no end holds up nobody else', async () => {
    files.failure = { call: 0, code: '' };
    const before = randomBytes(20_000);
    expect(await pushThrough(before)).toEqual([]);
    const { promise: syncing, resolve: begin } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    files.beforeSync = async () => {
      begin();
      await released;
    };
    const slow = pushThrough(randomBytes(20_000));
    await syncing;
    for (let reads = 0; reads < 20; reads += 1) await pullThrough(before);
    release();
    expect(await slow).toEqual([]);
    files.beforeSync = async () => {};
  });
});
