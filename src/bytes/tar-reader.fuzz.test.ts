import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fuzzMutations, fuzzTimeoutMs } from '../testing/fuzz-parser.ts';
import { buildTar } from '../testing/samples/build-image.ts';
import { createNumbers, type Numbers } from '../testing/samples/mutate-bytes.ts';
import { paxRecord, rawTar, rawTarBlock } from '../testing/samples/raw-tar.ts';
import { ArchiveError } from './archive-error.ts';
import { TarReader } from './tar-reader.ts';

/** threats.md D4 asks for 50,000 where D9 asks for 10,000. */
const mutantCount = 5 * fuzzMutations;
const batchLength = 1000;
const seeds = [
  buildTar({
    'a/': '',
    'a/b': 'hello',
    c: { type: 'symlink', linkTarget: 'a/b' },
    h: { type: 'hardlink', linkTarget: 'a/b' },
    ['n'.repeat(150)]: 'x'.repeat(600),
  }),
  rawTar(
    rawTarBlock({ typeFlag: 'L', name: '././@LongLink', magic: 'ustar  \0', body: `${'d/'.repeat(60)}f\0` }),
    rawTarBlock({ name: 'd', magic: 'ustar  \0', body: 'abc' }),
    rawTarBlock({ name: 'e', magic: 'ustar  \0' }),
  ),
  rawTar(
    rawTarBlock({
      typeFlag: 'x',
      name: 'PaxHeaders/p',
      body: `${paxRecord('path', 'p/q')}${paxRecord('size', '3')}`,
    }),
    rawTarBlock({ name: 'p', body: 'abc' }),
    rawTarBlock({ name: 'v7', magic: '\0'.repeat(8), body: 'x' }),
  ),
];

/** Changes a few bytes of headers, or cuts, doubles and moves blocks; mends the checksums half of the time. */
function mutate(archive: Buffer, numbers: Numbers): Buffer {
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
    let sum = 0;
    for (let index = at; index < at + 512; index += 1) sum += archive[index] ?? 0;
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

interface TakenMutant {
  readonly number: number;
  readonly archive: Buffer;
  readonly members: readonly string[];
}

/** Every mutant that the reader does not refuse, in batches. */
function* readMutants(): Generator<readonly TakenMutant[]> {
  const numbers = createNumbers(20_261_121);
  let batch: TakenMutant[] = [];
  for (let number = 0; number < mutantCount; number += 1) {
    const archive = mutate(seeds[number % seeds.length] ?? Buffer.alloc(0), numbers);
    const members = membersOf(archive);
    if (members !== undefined) batch.push({ number, archive, members });
    if (batch.length < batchLength) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

let read: readonly (readonly TakenMutant[])[] | undefined;

function takenMutants(): readonly (readonly TakenMutant[])[] {
  read ??= [...readMutants()];
  return read;
}

it(
  'TarReader answers every mutant with members or an ArchiveError (threats.md D3, D4)',
  () => {
    const taken = takenMutants().flat().length;
    expect(taken).toBeGreaterThan(mutantCount / 50);
    expect(taken).toBeLessThan(mutantCount / 2);
  },
  fuzzTimeoutMs,
);

/** What the program lists for each archive, in one shell for all of them. */
function listAll(list: string, archives: readonly Buffer[]): readonly string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-tar-'));
  try {
    const paths = archives.map((archive, index) => {
      const path = join(folder, String(index));
      writeFileSync(path, archive);
      return path;
    });
    const script = `for f; do ${list} "$f" 2> /dev/null; printf '\\0'; done`;
    const { stdout, status } = spawnSync('sh', ['-c', script, 'sh', ...paths], {
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    });
    expect(status).toBe(0);
    const listings = stdout.toString('latin1').split('\0').slice(0, -1);
    return listings.map((listing) => listing.split('\n').slice(0, -1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function cleaned(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

const programs = [
  ['GNU tar', 'tar', 'tar --quoting-style=escape -tf'],
  ['bsdtar', 'bsdtar', 'bsdtar -tf'],
] as const;

it.each(programs)(
  'TarReader sees the members that %s sees, or refuses (threats.md D4; needs it)',
  (name, program, list) => {
    const version = spawnSync(program, ['--version']).stdout?.toString() ?? '';
    if (!version.includes(name)) {
      // With CI=true its absence is a failure.
      expect(process.env['CI']).not.toBe('true');
      return;
    }
    let compared = 0;
    for (const batch of takenMutants()) {
      const listings = listAll(
        list,
        batch.map(({ archive }) => archive),
      );
      for (const [index, { number, members }] of batch.entries()) {
        const theirs = listings[index] ?? [];
        // What is not printable is quoted by each in its own way; such names are compared by their number only.
        const isPlain = theirs.concat(members).every((member) => /^[\x21-\x5b\x5d-\x7e]*$/.test(member));
        const seen = isPlain ? theirs.map(cleaned) : theirs.length;
        expect({ number, seen }).toEqual({ number, seen: isPlain ? members : members.length });
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(mutantCount / 50);
  },
  fuzzTimeoutMs,
);
