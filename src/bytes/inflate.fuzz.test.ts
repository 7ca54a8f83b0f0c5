import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fuzzMutations, fuzzTimeoutMs } from '../testing/fuzz-parser.ts';
import { createNumbers, mutateBytes } from '../testing/samples/mutate-bytes.ts';
import { ArchiveError } from './archive-error.ts';
import { inflate } from './inflate.ts';

const text = Array.from({ length: 60 }, (_, index) => `line ${index * 7919}\n`).join('');

/** The inflated text, or undefined when it is refused. */
async function inflated(stored: Buffer): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of inflate(Readable.from([stored]))) chunks.push(chunk);
    return Buffer.concat(chunks).toString('latin1');
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    throw error;
  }
}

it.each([
  ['gzip', Buffer.concat([gzipSync(text), gzipSync('second')])],
  ['zstd', Buffer.concat([zstdCompressSync(text), zstdCompressSync('second')])],
])(
  'inflate() answers every mutation of %s with bytes or an ArchiveError (threats.md D5, D9)',
  async (_kind, bytes) => {
    expect(await inflated(bytes)).toBe(`${text}second`);
    const numbers = createNumbers(bytes.length);
    let refused = 0;
    for (let count = 0; count < fuzzMutations; count += 1) {
      if ((await inflated(mutateBytes(bytes, numbers))) === undefined) refused += 1;
    }
    expect(refused).toBeGreaterThan(fuzzMutations / 4);
  },
  fuzzTimeoutMs,
);
