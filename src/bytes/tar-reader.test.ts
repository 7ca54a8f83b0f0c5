import { describe, expect, it } from 'vitest';
import { buildTar } from '../testing/samples/build-image.ts';
import { paxRecord, rawTar, rawTarBlock } from '../testing/samples/raw-tar.ts';
import { sparseMember } from '../testing/samples/sparse-tar.ts';
import { ArchiveError } from './archive-error.ts';
import { defaultTarLimits, type TarEntry, type TarLimits } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

function read(archive: Buffer, options: { pieceBytes?: number; limits?: Partial<TarLimits> } = {}) {
  const entries: TarEntry[] = [];
  const bodies: string[] = [];
  const reader = new TarReader(
    {
      entry: (entry) => {
        entries.push(entry);
        return entry.sizeBytes;
      },
      body: (bytes) => bodies.push(bytes.toString('latin1')),
    },
    { ...defaultTarLimits, ...options.limits },
  );
  const pieceBytes = options.pieceBytes ?? archive.length;
  for (let start = 0; start < archive.length; start += pieceBytes) {
    reader.write(archive.subarray(start, start + pieceBytes));
  }
  reader.end();
  return { entries, bodies, paths: entries.map(({ path }) => path) };
}

function problemOf(archive: Buffer, limits: Partial<TarLimits> = {}): string {
  try {
    read(archive, { limits });
    return 'none';
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
}

const longName = `${'directory/'.repeat(20)}file`;
const pax = (...records: string[]) => rawTarBlock({ typeFlag: 'x', body: records.join('') });
const gnuName = (name: string, typeFlag = 'L') =>
  rawTarBlock({ typeFlag, body: `${name}\0`, name: '././@LongLink' });

describe('TarReader', () => {
  it('reads every kind of member', () => {
    const tree = {
      './etc/': '',
      'etc/hosts': 'localhost',
      'etc/link': { type: 'symlink', linkTarget: '../x' },
      'etc/hard': { type: 'hardlink', linkTarget: './etc/hosts' },
      [longName]: 'long',
    } as const;
    const { entries, bodies } = read(buildTar(tree));
    expect(entries.map(({ path, type, linkTarget }) => [path, type, linkTarget])).toEqual([
      ['etc', 'directory', ''],
      ['etc/hosts', 'file', ''],
      ['etc/link', 'symlink', '../x'],
      ['etc/hard', 'hardlink', 'etc/hosts'],
      [longName, 'file', ''],
    ]);
    expect(bodies).toEqual(['localhost', 'long']);
  });

  it.each([1, 7, 511, 512, 513, 1000])('reads the same in pieces of %i bytes', (pieceBytes) => {
    const archive = buildTar({ 'a/b': 'x'.repeat(1500), [longName]: 'y'.repeat(512), c: '' });
    expect(read(archive, { pieceBytes })).toEqual(read(archive));
  });

  it('gives only the leading bytes that are wanted', () => {
    const bodies: string[] = [];
    const reader = new TarReader({ entry: () => 3, body: (bytes) => bodies.push(bytes.toString()) });
    reader.write(buildTar({ a: 'abcdef', b: 'x', c: '', d: 'defghi' }));
    reader.end();
    expect(bodies).toEqual(['abc', 'x', 'def']);
  });

  it.each([1, 7, 600, 10_000])(
    'gives the rest of a body to who asks for it, in pieces of %i bytes',
    (pieceBytes) => {
      const rests: string[] = [];
      let name = '';
      const reader = new TarReader({
        entry: (entry) => {
          name = entry.path;
          return 3;
        },
        body: () => undefined,
        rest: () => {
          if (name === 'b') return undefined;
          let text = `${name}:`;
          return { piece: (bytes) => (text += bytes), end: () => rests.push(text) };
        },
      });
      const archive = buildTar({ a: 'abcdef', b: 'ghijkl', c: 'mno', d: `pqr${'s'.repeat(1500)}`, e: '' });
      for (let position = 0; position < archive.length; position += pieceBytes) {
        reader.write(archive.subarray(position, position + pieceBytes));
      }
      reader.end();
      expect(rests).toEqual(['a:def', `d:${'s'.repeat(1500)}`]);
    },
  );

  it('lets a reader of a file jump over bodies', () => {
    const archive = buildTar({ a: 'x'.repeat(5000), b: 'hello' });
    const offsets: number[] = [];
    const reader: TarReader = new TarReader({
      entry: (entry) => {
        offsets.push(reader.bodyOffset);
        expect(archive.toString('latin1', reader.bodyOffset, reader.bodyOffset + entry.sizeBytes)).toMatch(
          /^(x+|hello)$/,
        );
        return 0;
      },
      body: () => undefined,
    });
    for (let position = 0; position < archive.length; ) {
      reader.write(archive.subarray(position, position + 512));
      position += 512;
      const jump = reader.skippableBytes;
      if (jump > 0) reader.skip(jump);
      position += jump;
    }
    reader.end();
    expect(offsets).toEqual([512, 6144]);
  });

  it('keeps names that are no UTF-8 apart', () => {
    const name = (bytes: number[]) => rawTarBlock({ patches: { 0: Buffer.from([0x61, ...bytes, 0]) } });
    const { paths } = read(rawTar(name([0xff]), name([0xfe]), name([0xc3, 0xa9]), name([0xef, 0x9f, 0xbf])));
    expect(new Set(paths).size).toBe(4);
    expect(paths[2]).toBe('aé');
  });

  const taken: [string, Buffer, string[]][] = [
    ['no trailer', rawTarBlock({ name: 'a' }), ['a']],
    ['one zero block', Buffer.concat([rawTarBlock({ name: 'a' }), Buffer.alloc(512)]), ['a']],
    ['an empty archive', Buffer.alloc(10_240), []],
    ['no bytes', Buffer.alloc(0), []],
    ['GNU long name', rawTar(gnuName(longName), rawTarBlock({ name: 'short' })), [longName]],
    [
      'GNU long name and link',
      rawTar(gnuName(longName), gnuName('x', 'K'), rawTarBlock({ typeFlag: '2' })),
      [longName],
    ],
    ['PAX path', rawTar(pax(paxRecord('path', 'é/x')), rawTarBlock({})), ['é/x']],
    ['PAX size as in the header', rawTar(pax(paxRecord('size', '2')), rawTarBlock({ body: 'ab' })), ['file']],
    [
      'global PAX comment',
      rawTar(rawTarBlock({ typeFlag: 'g', body: paxRecord('comment', 'x') }), rawTarBlock({})),
      ['file'],
    ],
    [
      'base-256 size',
      rawTar(rawTarBlock({ body: 'ab', size: Buffer.from('800000000000000000000002', 'hex') })),
      ['file'],
    ],
    ['v7 header', rawTar(rawTarBlock({ magic: '\0'.repeat(8) })), ['file']],
    ['v7 directory', rawTar(rawTarBlock({ magic: '\0'.repeat(8), typeFlag: '\0', name: 'd/' })), ['d']],
    ['a time before 1970', rawTar(rawTarBlock({ patches: { 136: '\xff'.repeat(12) } })), ['file']],
    ['GNU header', rawTar(rawTarBlock({ magic: 'ustar  \0' })), ['file']],
    ['ustar prefix', rawTar(rawTarBlock({ patches: { 345: 'a/b' } })), ['a/b/file']],
    ['absolute name', rawTar(rawTarBlock({ name: '//etc/./x' })), ['etc/x']],
    [
      'devices',
      rawTar(rawTarBlock({ typeFlag: '3' }), rawTarBlock({ typeFlag: '6', name: 'p' })),
      ['file', 'p'],
    ],
    ['sparse of GNU', rawTar(sparseMember('GNU', 'file', { sizeBytes: 9, parts: [[4, 'ab']] })), ['file']],
  ];
  it.each(taken)('takes %s', (_, archive, paths) => {
    expect(read(archive).paths).toEqual(paths);
  });
});

describe('TarReader refuses (threats.md D3, D4)', () => {
  const refused: [string, string, Buffer][] = [
    ['a wrong checksum', 'corrupt', rawTar(rawTarBlock({ checksum: '000000\0 ' }))],
    ['no checksum', 'corrupt', rawTar(rawTarBlock({ checksum: '        ' }))],
    ['a checksum with a letter', 'corrupt', rawTar(rawTarBlock({ checksum: '0x1234\0 ' }))],
    ['bytes that are no tar', 'corrupt', Buffer.alloc(2048, 'x')],
    ['another magic', 'ambiguous', rawTar(rawTarBlock({ magic: 'usta\0\x0000' }))],
    ['the star format', 'ambiguous', rawTar(rawTarBlock({ patches: { 508: 'tar\0' } }))],
    [
      'GNU times that are a name',
      'ambiguous',
      rawTar(rawTarBlock({ magic: 'ustar  \0', patches: { 345: 'etc/evil' } })),
    ],
    ['a negative base-256 size', 'ambiguous', rawTar(rawTarBlock({ size: Buffer.alloc(12, 0xff) }))],
    [
      'a base-256 size above 2^53',
      'ambiguous',
      rawTar(rawTarBlock({ size: Buffer.from('80ffffffffffffffffffffff', 'hex') })),
    ],
    ['a size that is no number', 'ambiguous', rawTar(rawTarBlock({ size: '0000000009a\0' }))],
    ['a size with bytes behind its NUL', 'ambiguous', rawTar(rawTarBlock({ size: '2\0 9', body: 'ab' }))],
    ['an unknown type', 'ambiguous', rawTar(rawTarBlock({ typeFlag: 'Q' }))],
    ['a directory with a body', 'ambiguous', rawTar(rawTarBlock({ typeFlag: '5', body: 'x' }))],
    ['a link with a body', 'ambiguous', rawTar(rawTarBlock({ typeFlag: '1', linkName: 'a', body: 'x' }))],
    ['a file whose name ends with a slash', 'ambiguous', rawTar(rawTarBlock({ name: 'a/' }))],
    ['a file without a name', 'ambiguous', rawTar(rawTarBlock({ patches: { 0: '\0\0\0\0\0' } }))],
    ['".." in a name', 'ambiguous', rawTar(rawTarBlock({ name: 'a/../b' }))],
    [
      'a PAX size other than the header says',
      'ambiguous',
      rawTar(pax(paxRecord('size', '0')), rawTarBlock({ body: 'ab' })),
    ],
    [
      'PAX records before a GNU name',
      'ambiguous',
      rawTar(pax(paxRecord('size', '3')), gnuName('a'), rawTarBlock({})),
    ],
    [
      'a GNU name before PAX records',
      'ambiguous',
      rawTar(gnuName('a'), pax(paxRecord('path', 'b')), rawTarBlock({})),
    ],
    ['two GNU names', 'ambiguous', rawTar(gnuName('a'), gnuName('b'), rawTarBlock({}))],
    [
      'two PAX headers',
      'ambiguous',
      rawTar(pax(paxRecord('path', 'a')), pax(paxRecord('path', 'b')), rawTarBlock({})),
    ],
    [
      'a PAX key twice',
      'ambiguous',
      rawTar(pax(paxRecord('path', 'a'), paxRecord('path', 'b')), rawTarBlock({})),
    ],
    ['a PAX record of wrong length', 'ambiguous', rawTar(pax('8 path=a\n'), rawTarBlock({}))],
    ['a PAX record without line end', 'ambiguous', rawTar(pax('8 path=ab'), rawTarBlock({}))],
    ['an empty PAX path', 'ambiguous', rawTar(pax(paxRecord('path', '')), rawTarBlock({}))],
    ['a NUL in a PAX path', 'ambiguous', rawTar(pax(paxRecord('path', 'a\0b')), rawTarBlock({}))],
    ['a PAX size that is no number', 'ambiguous', rawTar(pax(paxRecord('size', '-1')), rawTarBlock({}))],
    [
      'a PAX size in another base',
      'ambiguous',
      rawTar(pax(paxRecord('size', '0x2')), rawTarBlock({ body: 'ab' })),
    ],
    [
      'a GNU name without a NUL',
      'ambiguous',
      rawTar(rawTarBlock({ typeFlag: 'L', body: 'abc' }), rawTarBlock({})),
    ],
    ['a mode that is no number', 'ambiguous', rawTar(rawTarBlock({ patches: { 101: '9' } }))],
    ['an owner that is no number', 'ambiguous', rawTar(rawTarBlock({ patches: { 108: '\xe8' } }))],
    ['a group that is no number', 'ambiguous', rawTar(rawTarBlock({ patches: { 117: '\xe4' } }))],
    ['a time that is no number', 'ambiguous', rawTar(rawTarBlock({ patches: { 141: 'x' } }))],
    ['a device that is no number', 'ambiguous', rawTar(rawTarBlock({ patches: { 330: '8' } }))],
    [
      'a sparse map of a file that is not sparse',
      'ambiguous',
      rawTar(rawTarBlock({ magic: 'ustar  \0', patches: { 386: '1' } })),
    ],
    ['bytes behind the NUL of a GNU name', 'ambiguous', rawTar(gnuName('a\0b'), rawTarBlock({}))],
    [
      'a global PAX path',
      'ambiguous',
      rawTar(rawTarBlock({ typeFlag: 'g', body: paxRecord('path', 'a') }), rawTarBlock({})),
    ],
    ['a header that names nothing', 'ambiguous', rawTar(gnuName('a'))],
    ['data behind the trailer', 'ambiguous', Buffer.concat([buildTar({ a: '' }), rawTarBlock({})])],
    [
      'one zero block between members',
      'ambiguous',
      Buffer.concat([Buffer.alloc(512), rawTar(rawTarBlock({}))]),
    ],
    ['an end within a header', 'truncated', rawTarBlock({}).subarray(0, 300)],
    ['an end within a body', 'truncated', rawTarBlock({ body: 'x'.repeat(600) }).subarray(0, 700)],
    ['an end before the body', 'truncated', rawTarBlock({ size: '77777777777\0' })],
    ['PAX records above 1 MiB', 'limit:header', rawTarBlock({ typeFlag: 'x', size: '77777777777\0' })],
    ['a GNU name above 1 MiB', 'limit:header', rawTarBlock({ typeFlag: 'L', size: '00004000001\0' })],
    ['a name above 4 KiB', 'limit:path', rawTar(gnuName('x/'.repeat(2049)), rawTarBlock({}))],
  ];
  it('25 kinds of headers at least', () => {
    expect(refused.length).toBeGreaterThanOrEqual(25);
  });

  it.each(refused)('%s: %s, and takes no memory for what it says', (_, code, archive) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(problemOf(archive)).toBe(code);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('more members than the limit, and takes as many', () => {
    const archive = buildTar({ a: '', b: '', c: '' });
    expect(problemOf(archive, { entriesMax: 2 })).toBe('limit:entries');
    expect(problemOf(archive, { entriesMax: 3 })).toBe('none');
  });
});
