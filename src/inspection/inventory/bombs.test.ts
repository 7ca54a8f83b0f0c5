import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tarHeader, tarTrailer } from '../../bytes/tar-writer.ts';
import { processorMs } from '../../testing/processor-time.ts';
import { buildTar } from '../../testing/samples/build-image.ts';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { rawTar, rawTarBlock } from '../../testing/samples/raw-tar.ts';
import { sparseMember } from '../../testing/samples/sparse-tar.ts';
import { inspectLayer } from '../image/inspect-layer.ts';
import type { Found } from './found.ts';
import { inventoryProbe } from './layer-probe.ts';

const layerMsMax = 60_000;
const residentBytesMax = 1024 ** 3;

const mebibyte = 1024 ** 2;
const zeros = Buffer.alloc(80 * mebibyte);
const tar = buildTar({ 'bin/sh': 'x' });
const file = (path: string, body: string | Buffer) => buildTar({ [path]: body });

/** Zips within zips, each with so many of the next. */
function nestedZips(depth: number, width: number): Buffer {
  let bytes: Buffer = Buffer.from('x'.repeat(1000));
  for (let level = 0; level < depth; level += 1) {
    bytes = buildZip(Array.from({ length: width }, (_, at) => ({ name: `${at}.jar`, bytes })));
  }
  return bytes;
}

/** RFC 8878 §3.1.1.1: one raw block of a frame that asks its reader for a window of 2 GiB. */
function frameOfVastWindow(body: Buffer): Buffer {
  const block = Buffer.alloc(3);
  block.writeUIntLE((body.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3]), block, body]);
}

/** Each level names the one below nine times: 9^10 values (CVE-2003-1564). */
function aliases(): string {
  const levels = Array.from({ length: 10 }, (_, at) => `l${at}: &l${at} [${`*l${at - 1},`.repeat(9)}]`);
  return ['l: &l-1 [x]', ...levels, 'packages: *l9', ''].join('\n');
}

function* links(): Generator<Buffer> {
  for (let at = 0; at <= 200_000; at += 1000) {
    const link = (_: unknown, index: number) =>
      tarHeader({ path: `l${at + index}`, type: 'symlink', linkTarget: 'x' });
    yield Buffer.concat(Array.from({ length: 1000 }, link));
  }
  yield tarTrailer();
}

type Bomb = readonly [trick: string, code: string, layer: Buffer | (() => Iterable<Buffer>)];

const bombs: readonly Bomb[] = [
  ['gzip of zeros, 1029 to 1', 'limit:ratio', gzipSync(zeros)],
  ['gzip of zeros behind an archive', 'limit:ratio', gzipSync(Buffer.concat([tar, zeros]))],
  ['zstd of zeros', 'limit:ratio', zstdCompressSync(zeros)],
  [
    'gzip in a hundred members',
    'limit:ratio',
    Buffer.concat(Array(100).fill(gzipSync(zeros.subarray(0, mebibyte)))),
  ],
  ['zstd with a window of 2 GiB', 'corrupt', frameOfVastWindow(tar)],
  ['a GNU name of 8 GiB', 'limit:header', rawTarBlock({ typeFlag: 'L', size: '77777777777\0' })],
  ['PAX records of 8 GiB', 'limit:header', rawTarBlock({ typeFlag: 'x', size: '77777777777\0' })],
  [
    'a package database of 8 GiB',
    'limit:file',
    rawTarBlock({ name: 'var/lib/dpkg/status', size: '77777777777\0' }),
  ],
  [
    'a program of 8 GiB',
    'limit:file',
    rawTarBlock({ name: 'bin/sh', size: '77777777777\0', body: `\x7fELF${'x'.repeat(508)}` }),
  ],
  ['200,001 links', 'limit:entries', links],
  [
    'a package database of 33 MiB',
    'limit:file',
    file('var/lib/dpkg/status', Buffer.alloc(33 * mebibyte, 'x')),
  ],
  [
    'a package database that is one hole of 9 MiB',
    'limit:file',
    rawTar(sparseMember('GNU', 'var/lib/dpkg/status', { sizeBytes: 9 * mebibyte, parts: [] })),
  ],
  [
    'programs of holes',
    'limit:inflated',
    rawTar(
      ...Array.from({ length: 10 }, (_, index) =>
        sparseMember('GNU', `bin/${index}`, {
          sizeBytes: 200 * mebibyte,
          parts: [[0, '\x7fELF\x02\x01\x01\x00']],
        }),
      ),
    ),
  ],
  ['ten archives within one another', 'unreadable', file('app.jar', nestedZips(10, 1))],
  ['42.zip: sixteen in each of five levels', 'unreadable', file('app.jar', nestedZips(5, 16))],
  [
    'a manifest of zeros in a jar',
    'unreadable',
    file('app.jar', buildZip([{ name: 'META-INF/MANIFEST.MF', bytes: zeros }])),
  ],
  ['aliases of aliases in YAML', 'unreadable', file('app/pnpm-lock.yaml', aliases())],
  ['a million brackets in JSON', 'unreadable', file('app/package-lock.json', '['.repeat(1_000_000))],
];

async function outcomeOf(layer: Bomb[2]): Promise<string> {
  const pieces = typeof layer === 'function' ? layer() : [layer];
  const report = await inspectLayer<Found>({
    open: async () => Readable.from(pieces),
    probe: inventoryProbe,
  });
  const isDoubted = report.files.some(({ found }) => found.some(({ kind }) => kind === 'unreadable'));
  return report.incomplete?.code ?? (isDoubted ? 'unreadable' : 'whole');
}

describe('bombs in layers (threats.md D2)', () => {
  it('are 12 at least', () => {
    expect(bombs.length).toBeGreaterThanOrEqual(12);
  });

  it.each(bombs)(
    '%s: %s, in a minute and a gibibyte',
    async (_trick, code, layer) => {
      const before = process.memoryUsage.rss();
      const startedAt = processorMs();
      expect(await outcomeOf(layer)).toBe(code);
      expect(processorMs() - startedAt).toBeLessThan(layerMsMax);
      expect(process.memoryUsage.rss() - before).toBeLessThan(residentBytesMax);
    },
    layerMsMax,
  );

  it('100,000 empty gzip members, which hide nothing, are read to the end', async () => {
    const empty = gzipSync('');
    const layer = Buffer.concat([...Array(100_000).fill(empty), gzipSync(tar)]);
    expect(await outcomeOf(layer)).toBe('whole');
  });
});
