import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { buildTar } from '../testing/build-image.ts';
import { rawTar, rawTarBlock } from '../testing/raw-tar.ts';
import { ArchiveError } from './archive-error.ts';
import { TarReader } from './tar-reader.ts';

const budgetMs = 2000;
const seeds = [
  buildTar({
    'a/': '',
    'a/b': 'hello',
    c: { type: 'symlink', linkTarget: 'a/b' },
    ['n'.repeat(150)]: 'x'.repeat(600),
  }),
  rawTar(
    rawTarBlock({ typeFlag: 'L', name: '././@LongLink', magic: 'ustar  \0', body: `${'d/'.repeat(60)}f\0` }),
    rawTarBlock({ name: 'd', magic: 'ustar  \0', body: 'abc' }),
    rawTarBlock({ name: 'e', magic: 'ustar  \0' }),
  ),
];

/** Numbers that are the same in every run (xorshift32). */
function createNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Changes a few bytes of headers, or cuts, doubles and moves blocks; mends the checksums half of the time. */
function mutate(archive: Buffer, numbers: (below: number) => number): Buffer {
  let mutant = Buffer.from(archive);
  const blocks = mutant.length / 512;
  for (let count = 1 + numbers(3); count > 0; count -= 1) {
    const at = numbers(blocks) * 512;
    switch (numbers(6)) {
      case 0:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + 512)]);
        break;
      case 1:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(numbers(blocks) * 512)]);
        break;
      case 2:
        mutant.set([numbers(256)], Math.min(at + 124 + numbers(12), mutant.length - 1));
        break;
      case 3:
        mutant.set(Buffer.from('0125LKxgS7'.charAt(numbers(10))), Math.min(at + 156, mutant.length - 1));
        break;
      default:
        mutant.set([numbers(256)], numbers(mutant.length));
    }
    if (mutant.length === 0) return Buffer.alloc(512);
  }
  if (numbers(2) === 0) mendChecksums(mutant);
  return mutant;
}

function mendChecksums(archive: Buffer): void {
  for (let at = 0; at + 512 <= archive.length; at += 512) {
    if (archive.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    archive.fill(' ', at + 148, at + 156);
    const sum = archive.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}

/** Cleaned paths of the members, or undefined when the reader refuses the archive. */
function membersOf(archive: Buffer): string[] | undefined {
  const paths: string[] = [];
  const reader = new TarReader({
    entry: (entry) => {
      paths.push(entry.path);
      return entry.sizeBytes;
    },
    body: () => undefined,
  });
  try {
    reader.write(archive);
    reader.end();
    return paths;
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    throw error;
  }
}

it('TarReader answers every mutant with members or an ArchiveError', () => {
  const numbers = createNumbers(20_261_121);
  const end = performance.now() + budgetMs / 2;
  let refused = 0;
  let count = 0;
  for (; performance.now() < end && count < 20_000; count += 1) {
    if (membersOf(mutate(seeds[count % seeds.length] ?? Buffer.alloc(0), numbers)) === undefined)
      refused += 1;
  }
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(count);
});

const hasGnuTar = spawnSync('tar', ['--version']).stdout?.toString().includes('GNU tar') === true;

it.skipIf(!hasGnuTar)('TarReader sees the members that GNU tar sees, or refuses (needs GNU tar)', () => {
  const numbers = createNumbers(7);
  const end = performance.now() + budgetMs;
  let compared = 0;
  for (let count = 0; performance.now() < end && count < 2000; count += 1) {
    const mutant = mutate(seeds[count % seeds.length] ?? Buffer.alloc(0), numbers);
    const ours = membersOf(mutant);
    if (ours === undefined) continue;
    const listing = spawnSync('tar', ['--quoting-style=escape', '-tf', '-'], { input: mutant });
    const theirs = listing.stdout.toString('latin1').split('\n').slice(0, -1);
    // GNU tar quotes what is not printable; such names are compared by their number only.
    const isPlain = theirs.concat(ours).every((name) => /^[\x21-\x5b\x5d-\x7e]*$/.test(name));
    const cleaned = theirs.map((name) =>
      name
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/'),
    );
    expect({ count, members: isPlain ? cleaned : cleaned.length }).toEqual({
      count,
      members: isPlain ? ours : ours.length,
    });
    compared += 1;
  }
  expect(compared).toBeGreaterThan(0);
});
