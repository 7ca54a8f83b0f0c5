import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, truncate } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../bytes/digest.ts';
import { FileStore } from '../../storage/file-store.ts';
import { basic, RegistryClient } from '../../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../../testing/start-registry.ts';

const mib = 1024 * 1024;

// Open files are looked up in /proc.
describe.skipIf(process.platform !== 'linux')('GET of a blob in files', () => {
  let root: string;
  let registry: RegistryUnderTest;
  let dev: RegistryClient;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'get-blob-'));
    registry = await startRegistry({ store: await FileStore.open(root) });
    await registry.addNamespace('ns', { members: { dev: 'developer' } });
    dev = new RegistryClient(registry.url, basic('dev'));
  });
  afterAll(async () => {
    await registry.close();
    await rm(root, { recursive: true });
  });

  async function pushed(sizeBytes: number) {
    const bytes = randomBytes(sizeBytes);
    const digest = digestOf(bytes);
    expect((await dev.pushBlob('ns/app', bytes)).status).toBe(201);
    const hex = digest.slice('sha256:'.length);
    const folder = join(root, 'blobs', 'sha256', hex.slice(0, 2));
    const [file = ''] = (await readdir(folder)).filter((name) => name.startsWith(hex));
    return { bytes, digest, path: `/v2/ns/app/blobs/${digest}`, file: join(folder, file) };
  }

  /** A connection that has asked and takes nothing yet. */
  async function ask(...paths: readonly string[]): Promise<Socket> {
    const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1').pause();
    await once(socket, 'connect');
    const { authorization } = basic('dev');
    const isLast = (path: string) => path === paths.at(-1);
    for (const path of paths) {
      const connection = isLast(path) ? 'close' : 'keep-alive';
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\nconnection: ${connection}\r\n\r\n`,
      );
    }
    return socket;
  }

  async function isOpen(file: string): Promise<boolean> {
    const handles = await readdir('/proc/self/fd');
    const targets = await Promise.all(handles.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
    return targets.includes(file);
  }

  it.each([0, 1, 512 * 1024, 512 * 1024 + 1, 3 * mib + 7])('sends %i bytes whole', async (sizeBytes) => {
    const { bytes, path, file } = await pushed(sizeBytes);
    const answer = await dev.send(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(String(sizeBytes));
    expect(answer.bytes.equals(bytes)).toBe(true);
    await expect.poll(() => isOpen(file)).toBe(false);
  });

  it('sends a range that begins and ends within pieces', async () => {
    const { bytes, path } = await pushed(2 * mib);
    const answer = await dev.send(path, { headers: { range: 'bytes=300000-1900000' } });
    expect(answer.status).toBe(206);
    expect(answer.bytes.equals(bytes.subarray(300_000, 1_900_001))).toBe(true);
  });

  it('sends the answers to requests sent at once in their order', async () => {
    const [first, second] = [await pushed(2 * mib), await pushed(mib)];
    const received = await buffer(await ask(first.path, second.path));
    const [at, later] = [received.indexOf(first.bytes), received.indexOf(second.bytes)];
    expect(at).toBeGreaterThan(0);
    expect(later).toBeGreaterThan(at + first.bytes.length);
  });

  it('cuts the answer when the file ends while it is sent (threats.md F18)', async () => {
    const { path, file } = await pushed(20 * mib);
    const socket = await ask(path);
    await expect.poll(() => isOpen(file)).toBe(true);
    await truncate(file, 14 * mib);
    const received = await buffer(socket).catch(() => Buffer.alloc(0));
    expect(received.length).toBeLessThan(14 * mib + 1_024);
    await expect.poll(() => isOpen(file)).toBe(false);
  });

  it('answers 503 when the file is shorter than the blob (threats.md F18)', async () => {
    const { path, file } = await pushed(mib);
    await truncate(file, mib - 1);
    expect((await dev.send(path)).status).toBe(503);
    expect(await isOpen(file)).toBe(false);
  });

  it('closes the file when the client goes away half-way', async () => {
    const { path, file } = await pushed(20 * mib);
    const socket = await ask(path);
    await expect.poll(() => isOpen(file)).toBe(true);
    socket.destroy();
    await expect.poll(() => isOpen(file)).toBe(false);
  });

  it('closes the file when a client goes away whose answer waits for another', async () => {
    const [first, second] = [await pushed(20 * mib), await pushed(mib)];
    const socket = await ask(first.path, second.path);
    await expect.poll(() => isOpen(second.file)).toBe(true);
    socket.destroy();
    await expect.poll(() => isOpen(first.file)).toBe(false);
    await expect.poll(() => isOpen(second.file)).toBe(false);
  });
});
