import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { alpineRecords } from '../../testing/samples/osv-fixtures.ts';
import { StaticMirror } from '../../testing/static-mirror.ts';
import { useSyncHarness } from '../../testing/sync-harness.ts';
import { parseSource, sourceBelow } from './source.ts';
import { SourceReader } from './source-reader.ts';

const body = Buffer.from('0123456789'.repeat(1_000));
let mirror: StaticMirror;
let root: string;
let ranges: (string | undefined)[];
beforeEach(async () => {
  mirror = new StaticMirror();
  root = await mirror.start();
  ranges = [];
});
afterEach(() => mirror.stop());

function reader(attemptsMax = 4): SourceReader {
  return new SourceReader({ signal: new AbortController().signal, sleep: async () => {}, attemptsMax });
}

async function download(attemptsMax?: number): Promise<string> {
  const opened = await reader(attemptsMax).open(sourceBelow(parseSource(root), 'x'), {
    bytesMax: 20_000_000,
  });
  if (opened.kind !== 'ok') throw new Error('it must be served');
  await using file = opened;
  const bytes = await file.file.readFile();
  expect(bytes.length).toBe(file.sizeBytes);
  return sha(bytes);
}

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** One answer after the other. */
function script(...answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]): void {
  const waiting = answers.values();
  mirror.set('/x', (request, response) => {
    ranges.push(request.headers.range);
    waiting.next().value?.(request, response);
  });
}

/** Promises the whole body and breaks off after 3,000 bytes. */
function cutShort(headers: Readonly<Record<string, string>>) {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { ...headers, 'content-length': body.length });
    response.write(body.subarray(0, 3_000), () => setTimeout(() => response.socket?.end(), 40));
  };
}

const whole = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(200).end(body);

describe('a download that is cut', () => {
  it('goes on where it was, as often as it takes', async () => {
    mirror.set('/x', body);
    mirror.cut('/x', 3_000, 1, 5_000);
    expect(await download()).toBe(sha(body));
    expect(mirror.requests.filter((line) => line.startsWith('206'))).toEqual([
      '206 /x from 3000',
      '206 /x from 3001',
      '206 /x from 8001',
    ]);
  });

  it('goes on in memory as well', async () => {
    mirror.set('/x', body);
    mirror.cut('/x', 9_999);
    const answer = await reader().read(sourceBelow(parseSource(root), 'x'), { bytesMax: 20_000 });
    expect(answer).toMatchObject({ kind: 'ok', bytes: body });
    expect(mirror.requests.at(-1)).toBe('206 /x from 9999');
  });

  it('begins anew when the file has changed meanwhile', async () => {
    mirror.set('/x', body);
    mirror.cut('/x', 3_000);
    const changed = Buffer.from('another file');
    const sleep = async () => mirror.set('/x', changed);
    const signal = new AbortController().signal;
    const answer = await new SourceReader({ signal, sleep }).read(sourceBelow(parseSource(root), 'x'), {
      bytesMax: 20_000,
    });
    expect(answer).toMatchObject({ bytes: changed });
    expect(mirror.requests).toEqual(['/x', '/x']);
  });

  it.each([
    ['a weak tag', { etag: 'W/"1"' }],
    ['a date within the second', { 'last-modified': new Date(Date.now() + 86_400_000).toUTCString() }],
    ['no validator', {}],
    ['ranges refused', { etag: '"1"', 'accept-ranges': 'none' }],
  ])('begins anew with %s', async (_condition, headers) => {
    script(cutShort(headers), whole);
    expect(await download()).toBe(sha(body));
    expect(ranges).toEqual([undefined, undefined]);
  });

  it('goes on by an old date of change', async () => {
    script(cutShort({ 'last-modified': 'Mon, 02 Jan 2023 00:00:00 GMT' }), (request, response) => {
      expect(request.headers['if-range']).toBe('Mon, 02 Jan 2023 00:00:00 GMT');
      response.writeHead(206, { 'content-range': `bytes 3000-9999/10000` }).end(body.subarray(3_000));
    });
    expect(await download()).toBe(sha(body));
  });

  it.each([
    ['another part', { 'content-range': 'bytes 0-9999/10000', etag: '"1"' }, 206],
    ['a part of another version', { 'content-range': 'bytes 3000-9999/10000', etag: '"2"' }, 206],
    ['no part at all', { 'content-range': 'bytes */10000' }, 416],
  ])('begins anew when it is given %s', async (_condition, headers, status) => {
    script(
      cutShort({ etag: '"1"' }),
      (_request, response) => response.writeHead(status, headers).end(body.subarray(3_000)),
      whole,
    );
    expect(await download()).toBe(sha(body));
    expect(ranges).toEqual([undefined, 'bytes=3000-', undefined]);
  });

  it('gives up only when attempts bring nothing', async () => {
    const large = Buffer.alloc(6 * 2 ** 20 + 1, 'x');
    mirror.set('/x', large);
    mirror.cut('/x', 1_250_000, 1_250_000, 1_250_000, 1_250_000);
    expect(await download(2)).toBe(sha(large));
    mirror.cut('/x', 1, 1);
    await expect(download(2)).rejects.toThrow(/after 2 attempts$/);
  });
});

const harness = useSyncHarness();

it('syncAdvisories() takes over a feed whose zip was cut on the way', async () => {
  const members = alpineRecords(40).map((record) => ({
    name: `${record.id}.json`,
    bytes: Buffer.from(JSON.stringify(record)),
  }));
  harness.mirror.set('/Alpine/all.zip', buildZip(members));
  harness.mirror.cut('/Alpine/all.zip', 1_000);
  const result = await harness.sync({}, { reading: { sleep: async () => {} } });
  expect(result.feeds[0]).toMatchObject({ name: 'Alpine', kind: 'updated', records: 40 });
  expect(harness.mirror.requests).toContain('206 /Alpine/all.zip from 1000');
});
