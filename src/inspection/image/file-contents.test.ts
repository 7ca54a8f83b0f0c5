import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { buildTar, type FileTree } from '../../testing/samples/build-image.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { inspectLayer } from './inspect-layer.ts';
import type { LayerProbe } from './layer-probe.ts';

const elfMagic = Buffer.from('7f454c4602010100', 'hex');
const elf = (text: string) => Buffer.concat([elfMagic, Buffer.from(text)]);

/** Finds the length of programs, and in every file that begins with `#` how often `x` stands in it. */
const probe: LayerProbe<string, number> = {
  ...textProbe,
  programs: {
    sizeBytesMax: 200_000,
    isExpendable: (path) => path.endsWith('.so'),
    marks: [Buffer.from('a mark'), Buffer.from('long mark')],
    extract: (_, program) => {
      if (program.indexOf(Buffer.from('broken')) !== undefined) throw new Error('must not be broken');
      return program.sizeBytes > 20 ? [`${program.sizeBytes} bytes`] : [];
    },
  },
  contents: {
    start: (_path, head) => {
      if (head[0] !== 0x23) return undefined;
      let count = 0;
      return {
        write: (bytes) => {
          count += bytes.toString().split('x').length - 1;
        },
        end: () => (count > 0 ? [count] : []),
      };
    },
  },
};

function inspect(tree: FileTree, pieceBytes = 100_000) {
  const bytes = buildTar(tree);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  return inspectLayer({ open: async () => Readable.from(pieces), probe });
}

describe('inspectLayer() with a probe of contents', () => {
  it.each([500, 100_000])(
    'reads programs and contents of any size, in pieces of %i bytes',
    async (pieceBytes) => {
      const report = await inspect(
        {
          'bin/tool': elf('y'.repeat(150_000)),
          'bin/tiny': elf(''),
          'etc/one': '#x',
          'etc/big': `#${'x'.repeat(100_000)}`,
          'etc/none': 'xxx',
          'want.txt': '#xx',
        },
        pieceBytes,
      );
      expect(report.files).toEqual([
        { path: 'bin/tool', found: ['150008 bytes'] },
        { path: 'want.txt', found: ['#xx'] },
      ]);
      expect(report.contents).toEqual([
        { path: 'etc/one', hits: [1] },
        { path: 'etc/big', hits: [100_000] },
        { path: 'want.txt', hits: [2] },
      ]);
      expect(report.executableCount).toBe(2);
      expect(report).not.toHaveProperty('incomplete');
    },
  );

  it('reads a program of a wanted name as both (threats.md D6)', async () => {
    const text = 'y'.repeat(50);
    const report = await inspect({ 'want.txt': elf(text) });
    expect(report.files).toEqual([{ path: 'want.txt', found: [elf(text).toString(), '58 bytes'] }]);
    expect(report.executableCount).toBe(1);
  });

  it('is incomplete when a program is too large or cannot be understood (threats.md D2, D6)', async () => {
    expect((await inspect({ 'bin/huge': elf('y'.repeat(200_000)) })).incomplete?.code).toBe('limit:file');
    expect((await inspect({ 'bin/odd': elf('broken') })).incomplete?.code).toBe('unreadable');
  });

  it.each([[1], [7], [512], [100_000]])(
    'looks for marks in a library that is too large, in pieces of %i bytes (threats.md D6)',
    async (pieceBytes) => {
      const [before, after] = ['y'.repeat(99_990), 'y'.repeat(100_010)];
      const plain = { 'lib/huge.so': elf(`${before}a long mar${after}`), 'etc/next': 'a mark' };
      expect(await inspect(plain, pieceBytes)).not.toHaveProperty('incomplete');
      const marked = { 'lib/huge.so': elf(`${before}a long mark${after}`) };
      expect((await inspect(marked, pieceBytes)).incomplete?.code).toBe('limit:file');
    },
  );

  it('lets a later member of the same path replace what a program gave', async () => {
    const first = buildTar({ 'bin/tool': elf('y'.repeat(50)) }).subarray(0, 1024);
    const bytes = Buffer.concat([first, buildTar({ 'bin/tool': 'a text' })]);
    const report = await inspectLayer({ open: async () => Readable.from([bytes]), probe });
    expect(report.files).toEqual([]);
  });
});
