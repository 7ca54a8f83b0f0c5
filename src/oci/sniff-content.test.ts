import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { buildTar } from '../testing/build-image.ts';
import { sniffContent } from './sniff-content.ts';

it.each([
  ['gzip', gzipSync('x')],
  ['zstd', zstdCompressSync('x')],
  ['zstd', Buffer.from([0x5a, 0x2a, 0x4d, 0x18])],
  ['tar', buildTar({ a: 'b' })],
  ['elf', Buffer.from('\x7fELF')],
  ['zip', Buffer.from('PK\x03\x04')],
  ['json', Buffer.from('\n {"a":1}')],
  ['other', Buffer.from('hello')],
  ['other', Buffer.alloc(0)],
])('sniffContent() tells %s by its first bytes', (kind, bytes) => {
  expect(sniffContent(bytes)).toBe(kind);
});
