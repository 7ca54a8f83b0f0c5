import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StaticMirror } from '../../testing/static-mirror.ts';
import { parseSource, sourceBelow } from './source.ts';
import { SourceReader, type SourceReaderOptions } from './source-reader.ts';

let mirror: StaticMirror;
let root: string;
beforeEach(async () => {
  mirror = new StaticMirror();
  root = await mirror.start();
});
afterEach(() => mirror.stop());

const pauses: number[] = [];

function readerWith(options: Partial<SourceReaderOptions> = {}): SourceReader {
  pauses.length = 0;
  return new SourceReader({
    signal: new AbortController().signal,
    random: () => 0.5,
    sleep: async (ms) => void pauses.push(ms),
    ...options,
  });
}

const bytesMax = 1_000;

function fileAt(path: string) {
  return sourceBelow(parseSource(root), ...path.split('/').slice(1));
}

function scripted(answers: readonly ((response: ServerResponse) => void)[]): void {
  const waiting = answers.values();
  mirror.set('/x', (_request, response) => waiting.next().value?.(response));
}

describe('SourceReader over HTTP', () => {
  it('encodes names as the mirror expects', async () => {
    mirror.set('/Azure Linux/ALSA-2026:1.json', 'hello');
    const answer = await readerWith().read(fileAt('/Azure Linux/ALSA-2026:1.json'), { bytesMax });
    expect(answer).toMatchObject({ kind: 'ok', bytes: Buffer.from('hello') });
  });

  it('asks conditionally', async () => {
    mirror.set('/x', 'one');
    const reader = readerWith();
    const first = await reader.read(fileAt('/x'), { bytesMax });
    if (first.kind !== 'ok') throw new Error('it must be served');
    const unlessLike = first.validators;
    expect(await reader.read(fileAt('/x'), { bytesMax, unlessLike })).toEqual({ kind: 'not-modified' });
    mirror.set('/x', 'two');
    expect(await reader.read(fileAt('/x'), { bytesMax, unlessLike })).toMatchObject({
      bytes: Buffer.from('two'),
    });
  });

  it('answers "missing" for what is not there', async () => {
    expect(await readerWith().read(fileAt('/nothing'), { bytesMax })).toEqual({ kind: 'missing' });
  });

  it('retries what may pass, with growing pauses', async () => {
    scripted([
      (response) => response.writeHead(503).end(),
      (response) => response.socket?.destroy(),
      (response) => response.writeHead(200).end('there'),
    ]);
    expect(await readerWith().read(fileAt('/x'), { bytesMax })).toMatchObject({
      bytes: Buffer.from('there'),
    });
    expect(pauses).toEqual([375, 750]); // 500 and 1000 ms, times 0.5 + random / 2
  });

  it('heeds Retry-After', async () => {
    scripted([
      (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      (response) => response.writeHead(200).end('there'),
    ]);
    await readerWith().read(fileAt('/x'), { bytesMax });
    expect(pauses).toEqual([7_000]);
  });

  it('gives up after the last attempt and says why', async () => {
    mirror.set('/x', (_request, response) => response.writeHead(502).end());
    await expect(readerWith().read(fileAt('/x'), { bytesMax })).rejects.toMatchObject({
      code: 'feed-unreachable',
      message: `Cannot read "${root}/x": HTTP 502, after 4 attempts`,
    });
  });

  it('does not retry what will not pass', async () => {
    mirror.set('/x', (_request, response) => response.writeHead(401).end());
    await expect(readerWith().read(fileAt('/x'), { bytesMax })).rejects.toThrow(/HTTP 401$/);
    expect(mirror.requests).toEqual(['/x']);
  });

  it('takes a body that ends too early for a failure', async () => {
    mirror.set('/x', (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('short');
      setTimeout(() => response.socket?.destroy(), 20);
    });
    await expect(readerWith().open(fileAt('/x'), { bytesMax })).rejects.toMatchObject({
      code: 'feed-unreachable',
    });
    expect(mirror.requests.length).toBe(4);
  });

  it('refuses a body beyond its bound', async () => {
    mirror.set('/x', (_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(500))) if (response.destroyed) return;
      };
      response.on('drain', more);
      more();
    });
    await expect(readerWith().read(fileAt('/x'), { bytesMax })).rejects.toMatchObject({
      code: 'feed-refused',
    });
  });

  it('ends a silent server’s answer', async () => {
    mirror.set('/x', (_request, response) => void response.writeHead(200).write('a'));
    const reader = readerWith({ idleMs: 50, attemptsMax: 1 });
    await expect(reader.read(fileAt('/x'), { bytesMax })).rejects.toThrow(/silence for 0.05 s/);
  });

  it('ends an answer that drips for ever', async () => {
    mirror.set('/x', (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('a'), 10);
      response.on('close', () => clearInterval(drip));
    });
    const reader = readerWith({ idleMs: 1_000, deadlineMs: 120, attemptsMax: 1 });
    await expect(reader.read(fileAt('/x'), { bytesMax })).rejects.toThrow(/no whole answer within 0.12 s/);
  });

  it('stops at once when told', async () => {
    mirror.set('/x', () => {});
    const controller = new AbortController();
    const reading = readerWith({ signal: controller.signal }).read(fileAt('/x'), { bytesMax });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(reading).rejects.toThrow('enough');
  });

  it('follows redirects, but not for ever', async () => {
    mirror.set('/moved', (_request, response) => response.writeHead(302, { location: '/x' }).end());
    mirror.set('/circle', (_request, response) => response.writeHead(301, { location: '/circle' }).end());
    mirror.set('/x', 'here');
    const reader = readerWith({ attemptsMax: 1 });
    expect(await reader.read(fileAt('/moved'), { bytesMax })).toMatchObject({ bytes: Buffer.from('here') });
    await expect(reader.read(fileAt('/circle'), { bytesMax })).rejects.toThrow(/over 5 redirects/);
  });

  it('reads a server that closes after a body larger than what is taken in at once', async () => {
    const body = Buffer.alloc(5_000_000, 'x');
    mirror.set('/x', (_request, response) => {
      response.shouldKeepAlive = false;
      response.writeHead(200, { 'content-length': body.length, connection: 'close' }).end(body);
    });
    const opened = await readerWith().open(fileAt('/x'), { bytesMax: body.length });
    if (opened.kind !== 'ok') throw new Error('it must be served');
    await using file = opened;
    expect(file.sizeBytes).toBe(body.length);
  });

  it('names the network error', async () => {
    const gone = sourceBelow(parseSource('http://127.0.0.1:1'), 'x');
    await expect(readerWith({ attemptsMax: 1 }).read(gone, { bytesMax })).rejects.toThrow(
      /nothing answers at its address and port \(ECONNREFUSED\)/,
    );
  });

  it('says of a host without an address that it is not known, not the name of a system call', async () => {
    const gone = sourceBelow(parseSource('http://mirror.invalid'), 'x'); // RFC 6761 §6.4: never has one
    await expect(readerWith({ attemptsMax: 1 }).read(gone, { bytesMax })).rejects.toThrow(
      /the name of its host .*\((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });

  it('gives a downloaded file for random access', async () => {
    mirror.set('/x', 'abcdef');
    const opened = await readerWith().open(fileAt('/x'), { bytesMax });
    if (opened.kind !== 'ok') throw new Error('it must be served');
    await using file = opened;
    const two = Buffer.alloc(2);
    await file.file.read(two, 0, 2, 3);
    expect([file.sizeBytes, two.toString()]).toEqual([6, 'de']);
  });
});

describe('SourceReader over files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'source-reader-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['a file: address', () => `file://${folder}`],
    ['a short file: address', () => `file:${folder}`],
    ['a path', () => folder],
  ])('reads below %s', async (_condition, rootOf) => {
    await writeFile(join(folder, 'x y'), 'here');
    const source = sourceBelow(parseSource(rootOf()), 'x y');
    expect(await readerWith().read(source, { bytesMax })).toMatchObject({ bytes: Buffer.from('here') });
  });

  it('tells missing, unchanged and too large', async () => {
    const source = sourceBelow(parseSource(folder), 'x');
    const reader = readerWith();
    expect(await reader.read(source, { bytesMax })).toEqual({ kind: 'missing' });
    await writeFile(join(folder, 'x'), 'here');
    const first = await reader.read(source, { bytesMax });
    if (first.kind !== 'ok') throw new Error('it must be there');
    expect(await reader.read(source, { bytesMax, unlessLike: first.validators })).toEqual({
      kind: 'not-modified',
    });
    await expect(reader.read(source, { bytesMax: 3 })).rejects.toMatchObject({ code: 'feed-refused' });
  });
});
