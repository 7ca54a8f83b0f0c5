import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paxRecord, rawTar, rawTarBlock } from '../testing/samples/raw-tar.ts';
import { type SparsePieces, sparseFormats, sparseMember } from '../testing/samples/sparse-tar.ts';
import { ArchiveError } from './archive-error.ts';
import { defaultTarLimits, type TarLimits } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

interface ReadFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly content: string;
}

/** What a visitor sees that wants the beginning of each file in one piece, and takes the rest unless told otherwise. */
function read(
  archive: Buffer,
  options: {
    pieceBytes?: number;
    headBytes?: number;
    leavesRest?: boolean;
    limits?: Partial<TarLimits>;
  } = {},
): readonly ReadFile[] {
  const { pieceBytes = archive.length, headBytes = 10, leavesRest = false } = options;
  const files: ReadFile[] = [];
  const take = (bytes: Buffer): void => {
    const file = files.pop();
    if (file !== undefined) files.push({ ...file, content: file.content + bytes.toString('latin1') });
  };
  const rest = { piece: take, end: () => take(Buffer.from('.')) };
  const reader = new TarReader(
    {
      entry: ({ path, sizeBytes }) => {
        files.push({ path, sizeBytes, content: '' });
        return Math.min(headBytes, sizeBytes);
      },
      body: take,
      rest: () => (leavesRest ? undefined : rest),
    },
    { ...defaultTarLimits, ...options.limits },
  );
  for (let at = 0; at < archive.length; at += pieceBytes) reader.write(archive.subarray(at, at + pieceBytes));
  reader.end();
  return files;
}

function problemOf(...options: Parameters<typeof read>): string {
  try {
    read(...options);
    return 'none';
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
}

const pieces: SparsePieces = {
  sizeBytes: 3000,
  parts: [
    [5, 'begin'],
    [1500, 'middle'],
    [2990, 'end'],
  ],
};
const filled = Buffer.alloc(3000);
filled.write('begin', 5);
filled.write('middle', 1500);
filled.write('end', 2990);
const many: SparsePieces = {
  sizeBytes: 4000,
  parts: Array.from({ length: 40 }, (_, index) => [index * 100, String(index)] as const),
};
const after = rawTarBlock({ name: 'after', body: 'next' });

describe.each(sparseFormats)('SparseBody of %s', (format) => {
  it.each([[100], [511], [100_000]])('fills the holes, in pieces of %i bytes', (pieceBytes) => {
    const archive = rawTar(sparseMember(format, 'file', pieces), after);
    const expected = [
      { path: 'file', sizeBytes: 3000, content: `${filled.toString('latin1')}.` },
      { path: 'after', sizeBytes: 4, content: 'next' },
    ];
    expect(read(archive, { pieceBytes })).toEqual(expected);
    expect(read(archive, { pieceBytes, headBytes: 1502 })).toEqual(expected);
  });

  it('shows a file whole that is wanted whole, and no more of one than is wanted', () => {
    const archive = rawTar(sparseMember(format, 'file', pieces), after);
    const [whole, next] = read(archive, { headBytes: 3000 });
    expect(whole?.content).toBe(filled.toString('latin1'));
    expect(next?.content).toBe('next');
    const [head] = read(archive, { leavesRest: true });
    expect(head?.content).toBe(`${'\0'.repeat(5)}begin`);
    expect(read(archive, { headBytes: 0 }).map(({ content }) => content)).toEqual(['', '']);
  });

  it('reads a map of many parts, and a file that is one hole', () => {
    const [file] = read(rawTar(sparseMember(format, 'file', many)), { headBytes: 4000 });
    expect(file?.content.replaceAll('\0', '')).toBe(many.parts.map(([, text]) => text).join(''));
    expect(file?.content.indexOf('39')).toBe(3900);
    const hole = rawTar(sparseMember(format, 'file', { sizeBytes: 700, parts: [[700, '']] }), after);
    expect(read(hole)).toEqual([
      { path: 'file', sizeBytes: 700, content: `${'\0'.repeat(700)}.` },
      { path: 'after', sizeBytes: 4, content: 'next' },
    ]);
  });

  it.each<[string, SparsePieces]>([
    [
      'parts that overlap',
      {
        sizeBytes: 30,
        parts: [
          [0, 'abc'],
          [2, 'x'],
        ],
      },
    ],
    [
      'parts in another order',
      {
        sizeBytes: 30,
        parts: [
          [10, 'abc'],
          [0, 'x'],
        ],
      },
    ],
    ['a part beyond the end', { sizeBytes: 5, parts: [[3, 'abc']] }],
    ['less data than the map says', { sizeBytes: 30, parts: [[0, 'abc']], storedBytes: 2 }],
    ['more data than the map says', { sizeBytes: 30, parts: [[0, 'abc']], storedBytes: 4 }],
  ])('refuses %s (threats.md D3)', (_condition, broken) => {
    expect(problemOf(rawTar(sparseMember(format, 'file', broken)))).toBe('ambiguous');
  });

  it('refuses a map of more than 10,000 parts and holes without bound (threats.md D3)', () => {
    const partsOf = (length: number): SparsePieces => ({
      sizeBytes: 100_000,
      parts: Array.from({ length }, (_, index) => [2 * index, 'x'] as const),
    });
    expect(problemOf(rawTar(sparseMember(format, 'file', partsOf(10_000))))).toBe('none');
    expect(problemOf(rawTar(sparseMember(format, 'file', partsOf(10_001))))).toBe('limit:entries');
    const vast = rawTar(sparseMember(format, 'file', { sizeBytes: 8 ** 11 - 1, parts: [[0, 'x']] }));
    expect(problemOf(vast, { limits: { holeBytesMax: 1000 } })).toBe('limit:inflated');
    // What nobody takes costs nothing.
    expect(problemOf(vast, { leavesRest: true, limits: { holeBytesMax: 1000 } })).toBe('none');
  });
});

describe('SparseBody of headers that no writer makes (threats.md D3)', () => {
  const gnu = { typeFlag: 'S', magic: 'ustar  \0' };
  it.each([
    ['a part without a size', rawTarBlock({ ...gnu, patches: { 386: '00000000001\0' } })],
    ['a real size that is no number', rawTarBlock({ ...gnu, patches: { 483: 'x' } })],
    ['a header that is not of GNU tar', rawTarBlock({ typeFlag: 'S' })],
    ['data and no map', rawTarBlock({ ...gnu, body: 'ab' })],
  ])('refuses %s', (_condition, member) => {
    expect(problemOf(rawTar(member))).toBe('ambiguous');
  });
});

describe('SparseBody of PAX records that readers weigh differently (threats.md D4)', () => {
  const size = { 'GNU.sparse.size': '3' };
  const realSize = { 'GNU.sparse.realsize': '2' };
  const inBody = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', ...realSize };
  const inRecords = { 'GNU.sparse.map': '0,2', ...size };
  const map = `1\n0\n2\n${'\0'.repeat(506)}`;
  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['1.0', inBody, `${map}ab`, 'none'],
    ['1.0 with two sizes', { ...inBody, ...size }, `${map}ab`, 'ambiguous'],
    ['0.1', inRecords, 'ab', 'none'],
    ['0.1 with two sizes', { ...inRecords, ...realSize }, 'ab', 'ambiguous'],
  ])('%s', (_condition, records, body, problem) => {
    const pax = Object.entries(records).map(([key, value]) => paxRecord(key, value));
    const member = [rawTarBlock({ typeFlag: 'x', body: pax.join('') }), rawTarBlock({ name: 'file', body })];
    expect(problemOf(rawTar(...member))).toBe(problem);
  });
});

describe('SparseBody of what GNU tar writes (needs it)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-sparse-'));
  const content = Buffer.alloc(400_000);
  beforeAll(() => {
    const file = openSync(join(folder, 'file'), 'w');
    ftruncateSync(file, content.length);
    for (let index = 0; index < 30; index += 1) {
      content.write(`part ${index}`, index * 13_000);
      writeSync(file, `part ${index}`, index * 13_000);
    }
    closeSync(file);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['--format=gnu', 'none'],
    ['--format=pax --sparse-version=0.1', 'none'],
    ['--format=pax --sparse-version=1.0', 'none'],
    ['--format=pax --sparse-version=0.0', 'ambiguous'],
  ])('%s: %s', (format, problem) => {
    const options = ['-S', '--hole-detection=raw', ...format.split(' '), '-cf', '-', 'file'];
    const { stdout, status } = spawnSync('tar', options, { cwd: folder });
    if (status !== 0) {
      // With CI=true its absence is a failure.
      expect(process.env['CI']).not.toBe('true');
      return;
    }
    expect(stdout.length).toBeLessThan(content.length);
    expect(problemOf(stdout)).toBe(problem);
    if (problem !== 'none') return;
    const [file] = read(stdout, { headBytes: content.length });
    expect(file?.path).toBe('file');
    expect(file?.content === content.toString('latin1')).toBe(true);
  });
});
