import type { SparsePart } from './_sparse-map.ts';
import { ArchiveError } from './archive-error.ts';
import { decodeName } from './tar-path.ts';

export const blockBytes = 512;

/** One header block as written; names are not cleaned yet. */
export interface TarHeader {
  readonly typeFlag: number;
  readonly name: string;
  readonly linkName: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** Of a GNU sparse member. */
  readonly sparse?: GnuSparse;
}

export interface GnuSparse {
  /** Of the file with its holes. */
  readonly sizeBytes: number;
  readonly parts: readonly SparsePart[];
  /** More of its map in a block behind the header. */
  readonly hasMore: boolean;
}

/*
 * POSIX.1-1988 ustar, and GNU's variant (magic "ustar  "):
 *   0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 checksum 8 | 156 type 1
 *   157 linkname 100 | 257 magic+version 8 | 265 uname 32 | 297 gname 32 | 329 devmajor 8 | 337 devminor 8
 *   345 prefix 155 (ustar) or atime 12, ctime 12, … 386 map 4 × (12 + 12), 482 isextended 1, 483 realsize 12 (GNU)
 */
const field = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  linkName: 157,
  magic: 257,
  devMajor: 329,
  devMinor: 337,
  prefix: 345,
  /** First byte of GNU's sparse map. */
  gnuSparse: 386,
  gnuIsExtended: 482,
  gnuRealSize: 483,
};
const numberBytes = 12;
/** Numbers that nothing here needs: Go refuses a header where one is none, bsdtar the archive, GNU tar goes on. */
const idleNumbers = [field.mode, field.uid, field.gid, field.devMajor, field.devMinor];

/** Reads the block at `start`; the caller has made sure that it is whole and not all zero. Throws `ArchiveError`. */
export function parseTarHeader(block: Buffer, start: number): TarHeader {
  checkSum(block, start);
  const format = formatOf(block, start);
  checkIdleFields(block, start, format);
  const name = text(block, start + field.name, 100);
  const prefix = format === 'ustar' ? text(block, start + field.prefix, 155) : '';
  const typeFlag = block[start + field.type] ?? 0;
  return {
    typeFlag,
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: block[start + field.linkName] === 0 ? '' : text(block, start + field.linkName, 100),
    sizeBytes: sizeOf(block, start + field.size),
    modifiedAtMs: (parseNumber(block, start + field.mtime) ?? 0) * 1000,
    ...(typeFlag === 0x53 && { sparse: gnuSparse(block, start, format) }),
  };
}

function gnuSparse(block: Buffer, start: number, format: string): GnuSparse {
  if (format !== 'gnu') throw ambiguous('a sparse member must have a header of GNU tar');
  return {
    sizeBytes: sizeOf(block, start + field.gnuRealSize),
    parts: sparseParts(block, start + field.gnuSparse, 4),
    hasMore: block[start + field.gnuIsExtended] !== 0,
  };
}

/** A block behind a GNU sparse header: more of its map. */
export function parseSparseBlock(block: Buffer, start: number): Omit<GnuSparse, 'sizeBytes'> {
  return { parts: sparseParts(block, start, 21), hasMore: block[start + 504] !== 0 };
}

function sparseParts(block: Buffer, start: number, countMax: number): readonly SparsePart[] {
  const parts: SparsePart[] = [];
  for (let at = start; parts.length < countMax; at += 2 * numberBytes) {
    // By the first is where bsdtar and Go see the end, by the second where GNU tar does.
    const isEnd = block[at] === 0;
    if (isEnd !== (block[at + numberBytes] === 0)) throw ambiguous('a sparse map must tell sizes and places');
    if (isEnd) break;
    parts.push({ offset: sizeOf(block, at), sizeBytes: sizeOf(block, at + numberBytes) });
  }
  return parts;
}

function checkSum(block: Buffer, start: number): void {
  let sum = 8 * 0x20;
  let high = 0;
  for (let index = start; index < start + field.checksum; index += 4) {
    const a = block[index] ?? 0;
    const b = block[index + 1] ?? 0;
    const c = block[index + 2] ?? 0;
    const d = block[index + 3] ?? 0;
    sum += a + b + c + d;
    high += (a >> 7) + (b >> 7) + (c >> 7) + (d >> 7);
  }
  for (let index = start + field.type; index < start + blockBytes; index += 4) {
    const a = block[index] ?? 0;
    const b = block[index + 1] ?? 0;
    const c = block[index + 2] ?? 0;
    const d = block[index + 3] ?? 0;
    sum += a + b + c + d;
    high += (a >> 7) + (b >> 7) + (c >> 7) + (d >> 7);
  }
  const stated = parseOctal(block, start + field.checksum, 8);
  // Old writers summed signed bytes; GNU tar and Go take both.
  if (stated !== sum && stated !== sum - 256 * high) {
    throw new ArchiveError('corrupt', 'Cannot read the archive: the checksum of a header must match');
  }
}

function formatOf(block: Buffer, start: number): 'ustar' | 'gnu' | 'v7' {
  const magic = block.toString('latin1', start + field.magic, start + field.magic + 8);
  if (magic === 'ustar\x0000') {
    // star keeps times at the end of the prefix field and says so here.
    if (block.toString('latin1', start + 508, start + 512) === 'tar\0')
      throw ambiguous('a header must not be of the star format');
    return 'ustar';
  }
  if (magic === 'ustar  \0') {
    // Go takes a GNU header whose times do not parse for a ustar one with a prefix.
    for (const time of [345, 357]) {
      if (block[start + time] !== 0 && parseNumber(block, start + time) === undefined) {
        throw ambiguous('the times of a GNU header must be numbers');
      }
    }
    return 'gnu';
  }
  if (magic === '\0\0\0\0\0\0\0\0') return 'v7';
  throw ambiguous('the magic of a header must be that of ustar or GNU tar');
}

function checkIdleFields(block: Buffer, start: number, format: string): void {
  const areNumbers =
    isNumber(block, start + field.mtime, numberBytes) &&
    idleNumbers.every((offset) => isNumber(block, start + offset, 8));
  if (!areNumbers) throw ambiguous('mode, owner, time and device of a member must be numbers');
  // bsdtar reads the map of every GNU header, whatever its type.
  const isSparse = block[start + field.type] === 0x53;
  if (format === 'gnu' && !isSparse && block[start + field.gnuSparse] !== 0)
    throw ambiguous('only a sparse member may have a sparse map');
}

/** Octal digits, or nothing at all, or GNU's base-256, which begins with 0x80, below zero with 0xff. */
function isNumber(block: Buffer, start: number, lengthBytes: number): boolean {
  const first = block[start] ?? 0;
  return first === 0x80 || first === 0xff || parseOctal(block, start, lengthBytes) !== undefined;
}

function text(block: Buffer, start: number, lengthBytes: number): string {
  let end = start;
  const limit = start + lengthBytes;
  while (end < limit && block[end] !== 0) end += 1;
  return decodeName(block, start, end);
}

function sizeOf(block: Buffer, start: number): number {
  const value = parseNumber(block, start);
  if (value === undefined || value < 0)
    throw ambiguous('the size of a member must be a number from 0 to 2^53-1');
  return value;
}

/** Octal, or GNU's base-256 when the top bit is set; undefined when it is neither or above 2^53. */
function parseNumber(block: Buffer, start: number): number | undefined {
  const first = block[start] ?? 0;
  if (first < 0x80) return parseOctal(block, start, numberBytes);
  if (first !== 0x80) return undefined;
  let value = 0;
  for (let index = start + 1; index < start + numberBytes; index += 1)
    value = value * 256 + (block[index] ?? 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

function parseOctal(block: Buffer, start: number, lengthBytes: number): number | undefined {
  let value = 0;
  let index = start;
  const end = start + lengthBytes;
  while (index < end && block[index] === 0x20) index += 1;
  for (; index < end; index += 1) {
    const digit = (block[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; index < end; index += 1) if (block[index] !== 0 && block[index] !== 0x20) return undefined;
  return value;
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
