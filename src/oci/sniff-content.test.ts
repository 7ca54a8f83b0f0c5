import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { buildTar } from '../testing/samples/build-image.ts';
import { sniffContent } from './sniff-content.ts';

it.each([
  ['gzip', gzipSync('x')],
  ['zstd', zstdCompressSync('x')],
  ['zstd', Buffer.from([0x5a, 0x2a, 0x4d, 0x18])],
  ['tar', buildTar({ a: 'b' })],
  ['elf', Buffer.from('\x7fELF')],
  ['zip', Buffer.from('PK\x03\x04')],
  ['tar', oldTar('{a')],
  ['tar', oldTar('a')],
  ['json', Buffer.from('\n {"a":1}')],
  ['json', Buffer.from(`[${' '.repeat(600)}]`)],
  ['other', Buffer.from('hello')],
  ['other', Buffer.alloc(0)],
])('sniffContent() tells %s by its first bytes', (kind, bytes) => {
  expect(sniffContent(bytes)).toBe(kind);
});

/** A header as tars had it before POSIX: without a magic, told by its checksum alone. */
function oldTar(name: string): Buffer {
  const bytes = buildTar({ [name]: 'b' });
  bytes.fill(0, 257, 512);
  bytes.fill(' ', 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
