import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { FileStore } from '../storage/file-store.ts';
import { basic, RegistryClient } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
let root: string;
let client: RegistryClient;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cut-uploads-'));
  registry = await startRegistry({ store: await FileStore.open(root) });
  await registry.addNamespace('ns', { members: { dev: 'developer' } });
  client = new RegistryClient(registry.url, basic('dev'));
});
afterAll(async () => {
  await registry.close();
  await rm(root, { recursive: true });
});

const sizeBytes = 100_000;

interface Cut {
  readonly name: string;
  /** Of the bytes that are sent before the client goes. */
  readonly share: number;
  /** How the body's length is stated; undefined: chunked. */
  readonly statedBytes: number | undefined;
  readonly isReset: boolean;
}

const cuts: readonly Cut[] = [0, 0.01, 0.5, 0.999].flatMap((share) => [
  { name: `leaves at ${share * 100} %`, share, statedBytes: sizeBytes, isReset: false },
  { name: `resets at ${share * 100} %`, share, statedBytes: sizeBytes, isReset: true },
  { name: `leaves a chunked body at ${share * 100} %`, share, statedBytes: undefined, isReset: false },
]);
const lies: readonly Cut[] = [
  { name: 'states twice as much', share: 1, statedBytes: 2 * sizeBytes, isReset: false },
  { name: 'states half as much', share: 1, statedBytes: sizeBytes / 2, isReset: false },
  { name: 'states one byte more', share: 1, statedBytes: sizeBytes + 1, isReset: false },
];
/** 14 times each of the 12 cuts and 11 times each of the 3 lies: 201. */
const rounds = [...Array.from({ length: 14 }, () => cuts), ...Array.from({ length: 11 }, () => lies)].flat();

/** Sends a PATCH as told and goes away. */
async function sendAndGo(path: string, bytes: Buffer, cut: Cut): Promise<void> {
  const { hostname, port } = new URL(registry.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const { authorization = '' } = basic('dev');
  const framing =
    cut.statedBytes === undefined ? 'transfer-encoding: chunked' : `content-length: ${cut.statedBytes}`;
  socket.write(
    `PATCH ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\n${framing}\r\n\r\n`,
  );
  const sent = bytes.subarray(0, Math.floor(bytes.length * cut.share));
  if (cut.statedBytes === undefined && sent.length > 0) socket.write(`${sent.length.toString(16)}\r\n`);
  await new Promise<void>((done) => socket.write(sent, () => done()));
  if (cut.isReset) {
    await sleep(Math.floor(cut.share * 10));
    socket.resetAndDestroy();
    return;
  }
  const closed = new Promise((done) => socket.once('close', done));
  socket.end();
  socket.resume();
  await closed;
}

/** Where the upload is, once the request that was cut off has given it back. */
async function settledOffset(path: string): Promise<number> {
  // One that the server did not begin to work on leaves no trace, and is not waited for long.
  for (let tries = 0; tries < 25; tries += 1) {
    const { rows } = await registry.database.pool.query(
      'select lease is null and touched_at > created_at as free from upload where id = $1',
      [path.split('/').at(-1)],
    );
    if (rows[0]?.free === true) break;
    await sleep(20);
  }
  const shown = await client.send(path);
  expect(shown.status).toBe(204);
  const last = Number(/^0-(\d+)$/.exec(shown.headers.get('range') ?? '')?.[1]);
  return last === 0 ? 0 : last + 1;
}

/** What went wrong; undefined when all is as it should be. */
async function problemOf(cut: Cut): Promise<string | undefined> {
  const bytes = randomBytes(sizeBytes);
  const blob = `/v2/ns/app/blobs/${digestOf(bytes)}`;
  const opened = await client.send('/v2/ns/app/blobs/uploads/', { method: 'POST' });
  const path = opened.headers.get('location') ?? '';
  await sendAndGo(path, bytes, cut);
  let offset = await settledOffset(path);
  const sent = Math.min(Math.floor(sizeBytes * cut.share), cut.statedBytes ?? sizeBytes);
  // What came in before the server had begun to read may be gone with the connection.
  if (offset > sent) return `${cut.name}: ${offset} of ${sent} bytes`;
  const seen = await client.send(blob, { method: 'HEAD' });
  if (seen.status !== 404) return `${cut.name}: the blob is visible with ${seen.status}`;
  // Only the right bytes at the right place give the digest.
  const put = () => {
    const body = bytes.subarray(offset);
    const range = { 'content-range': `${offset}-${sizeBytes - 1}` };
    return client.send(`${path}?digest=${digestOf(bytes)}`, {
      method: 'PUT',
      body,
      headers: body.length === 0 ? {} : range,
    });
  };
  let rest = await put();
  // On a busy machine the server may get to the bytes of the cut request only now.
  for (let tries = 0; tries < 1_000 && [409, 416].includes(rest.status); tries += 1) {
    await sleep(50);
    offset = await settledOffset(path);
    if (offset > sent) return `${cut.name}: ${offset} of ${sent} bytes`;
    rest = await put();
  }
  if (rest.status !== 201) return `${cut.name}: ${rest.status} ${rest.message}`;
  const read = await client.send(blob);
  return read.bytes.equals(bytes) ? undefined : `${cut.name}: other bytes`;
}

describe('an upload whose client goes away (threats.md F17)', () => {
  it(`keeps its exact offset and shows nothing, ${rounds.length} times`, async () => {
    expect(rounds.length).toBeGreaterThanOrEqual(200);
    const waiting = [...rounds];
    const problems: string[] = [];
    const work = async () => {
      for (let cut = waiting.pop(); cut !== undefined; cut = waiting.pop()) {
        const problem = await problemOf(cut);
        if (problem !== undefined) problems.push(problem);
      }
    };
    await Promise.all(Array.from({ length: 10 }, work));
    expect(problems).toEqual([]);
  }, 600_000);
});
