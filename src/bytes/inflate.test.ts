import { Readable } from 'node:stream';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from './archive-error.ts';
import { defaultInflateLimits, type InflateLimits, inflate } from './inflate.ts';

async function run(stored: Buffer, options: { pieceBytes?: number; limits?: Partial<InflateLimits> } = {}) {
  const pieceBytes = options.pieceBytes ?? Math.max(1, stored.length);
  const pieces: Buffer[] = [];
  for (let start = 0; start < stored.length; start += pieceBytes)
    pieces.push(stored.subarray(start, start + pieceBytes));
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of inflate(Readable.from(pieces), {
      ...defaultInflateLimits,
      ...options.limits,
    })) {
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
  return Buffer.concat(chunks).toString();
}

const a = 'a'.repeat(3000);
const b = 'b'.repeat(2000);
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
const zeros = Buffer.alloc(20);

describe('inflate() (threats.md D5)', () => {
  const rows: [string, Buffer, string][] = [
    ['gzip', gzipSync(a), a],
    ['two gzip members', Buffer.concat([gzipSync(a), gzipSync(b)]), a + b],
    ['an empty gzip member between', Buffer.concat([gzipSync(a), gzipSync(''), gzipSync(b)]), a + b],
    ['gzip and zeros', Buffer.concat([gzipSync(a), zeros]), 'ambiguous'],
    ['gzip, zeros and a second member', Buffer.concat([gzipSync(a), zeros, gzipSync(b)]), 'ambiguous'],
    ['gzip and one zero', Buffer.concat([gzipSync(a), Buffer.alloc(1)]), 'ambiguous'],
    ['gzip and text', Buffer.concat([gzipSync(a), Buffer.from('text')]), 'corrupt'],
    ['gzip and zstd', Buffer.concat([gzipSync(a), zstdCompressSync(b)]), 'corrupt'],
    ['cut gzip', gzipSync(a).subarray(0, -3), 'truncated'],
    ['gzip and a cut second member', Buffer.concat([gzipSync(a), gzipSync(b).subarray(0, 5)]), 'truncated'],
    ['gzip with a wrong sum', Buffer.concat([gzipSync(a).subarray(0, -8), zeros.subarray(0, 8)]), 'corrupt'],
    ['zstd', zstdCompressSync(a), a],
    ['two zstd frames', Buffer.concat([zstdCompressSync(a), zstdCompressSync(b)]), a + b],
    ['a skippable frame in front', Buffer.concat([skippable, zstdCompressSync(b)]), b],
    [
      'a skippable frame between',
      Buffer.concat([zstdCompressSync(a), skippable, zstdCompressSync(b)]),
      a + b,
    ],
    ['a skippable frame behind', Buffer.concat([zstdCompressSync(a), skippable]), a],
    ['a skippable frame alone', skippable, ''],
    [
      'three zstd frames, one empty',
      Buffer.concat([zstdCompressSync(a), zstdCompressSync(''), zstdCompressSync(b)]),
      a + b,
    ],
    ['zstd with a sum', zstdCompressSync(a, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }), a],
    ['zstd and half a magic', Buffer.concat([zstdCompressSync(a), Buffer.from([0x28, 0xb5])]), 'truncated'],
    ['zstd and text', Buffer.concat([zstdCompressSync(a), Buffer.from('text')]), 'ambiguous'],
    ['zstd and zeros', Buffer.concat([zstdCompressSync(a), zeros]), 'ambiguous'],
    ['zstd and gzip', Buffer.concat([zstdCompressSync(a), gzipSync(b)]), 'ambiguous'],
    ['cut zstd', zstdCompressSync(a).subarray(0, -3), 'truncated'],
    [
      'zstd and a cut second frame',
      Buffer.concat([zstdCompressSync(a), zstdCompressSync(b).subarray(0, 9)]),
      'truncated',
    ],
    ['plain bytes', Buffer.from(a), a],
    ['nothing', Buffer.alloc(0), ''],
  ];
  it.each(rows)('%s', async (_, stored, expected) => {
    expect(await run(stored)).toBe(expected);
  });

  it.each(rows)('%s, in pieces of one byte', async (_, stored, expected) => {
    const result = await run(stored, { pieceBytes: 1 });
    // What a decoder sees first, bytes that follow or bytes that are broken, depends on the pieces; never that all is well.
    const refusals = ['ambiguous', 'corrupt', 'truncated'];
    expect(refusals.includes(expected) ? refusals : [expected]).toContain(result);
  });

  it('passes more than one piece of inflated bytes on', async () => {
    const big = Buffer.alloc(3_000_000, 'abcdefgh');
    expect(await run(gzipSync(big), { pieceBytes: 1000 })).toBe(big.toString());
    expect(await run(zstdCompressSync(big), { pieceBytes: 10 })).toBe(big.toString());
  });
});

it('inflate() takes thousands of zstd frames, as zstd:chunked writes them', async () => {
  const frames = Array.from({ length: 5000 }, (_, index) => zstdCompressSync(`file ${index}\n`));
  const text = Array.from({ length: 5000 }, (_, index) => `file ${index}\n`).join('');
  expect(await run(Buffer.concat(frames), { pieceBytes: 65_536 })).toBe(text);
});

describe('inflate() and limits (threats.md D2)', () => {
  const bomb = gzipSync(Buffer.alloc(80 * 1024 ** 2));

  it('stops at a ratio above 200 once 64 MiB are inflated', async () => {
    expect(await run(bomb)).toBe('limit:ratio');
  });

  it('does not ask the ratio of little data', async () => {
    expect(await run(gzipSync(Buffer.alloc(1024 ** 2)))).toBe('\0'.repeat(1024 ** 2));
  });

  it('stops at the limit of inflated bytes', async () => {
    expect(await run(gzipSync(a), { limits: { inflatedBytesMax: 2999 } })).toBe('limit:inflated');
    expect(await run(gzipSync(a), { limits: { inflatedBytesMax: 3000 } })).toBe(a);
  });
});

describe('inflate() and its source', () => {
  it('passes an error of the source on unchanged', async () => {
    const failure = new Error('network');
    async function* failing(): AsyncGenerator<Buffer> {
      yield gzipSync(a).subarray(0, 20);
      throw failure;
    }
    await expect(async () => {
      for await (const _ of inflate(failing()));
    }).rejects.toBe(failure);
  });

  it('closes the source when the reader stops early', async () => {
    const source = Readable.from([gzipSync(Buffer.alloc(10_000_000, 'xy')), zeros]);
    for await (const _ of inflate(source)) break;
    expect(source.destroyed).toBe(true);
  });
});
