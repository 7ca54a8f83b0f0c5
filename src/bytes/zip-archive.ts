import { crc32, inflateRawSync } from 'node:zlib';
import { ArchiveError } from './archive-error.ts';

export interface ZipEntry {
  readonly name: string;
  /** Of the inflated content, as the directory states it; reading finds out when that is not true. */
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc32: number;
  /** Where its local header stands. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const end64LocatorSignature = 0x07064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const commentBytesMax = 0xffff;
const entriesMax = 200_000;
const stored = 0;
const deflated = 8;

/**
 * A zip in memory, by its central directory, as every Java runtime reads it (APPNOTE 6.3.10). Bytes before the archive are
 * allowed: programs that start themselves have a script there. What readers see differently throws an `ArchiveError`.
 */
export class ZipArchive {
  readonly entries: readonly ZipEntry[];
  readonly #bytes: Buffer;
  /** Bytes before the archive, which its offsets do not count. */
  readonly #startBytes: number;

  private constructor(bytes: Buffer, directory: Directory) {
    this.#bytes = bytes;
    this.#startBytes = directory.startBytes;
    this.entries = readDirectory(bytes, directory);
  }

  /** Throws `ArchiveError` for what is no zip or a broken one. */
  static open(bytes: Buffer): ZipArchive {
    return damaged(() => new ZipArchive(bytes, findDirectory(bytes)));
  }

  /** The whole content of an entry; throws `ArchiveError` when it is not what the directory says. */
  read(entry: ZipEntry): Buffer {
    return damaged(() => {
      const content = this.#inflate(entry);
      if (content.length !== entry.sizeBytes || crc32(content) !== entry.crc32) {
        throw new ArchiveError(
          'corrupt',
          `Cannot read "${entry.name}" of the zip: its size or checksum is another`,
        );
      }
      return content;
    });
  }

  #inflate(entry: ZipEntry): Buffer {
    if (entry.isEncrypted)
      throw new ArchiveError('unsupported', `Cannot read "${entry.name}" of the zip: it is encrypted`);
    const start = this.#startBytes + entry.offset;
    const bytes = this.#bytes;
    if (bytes.readUInt32LE(start) !== localSignature)
      throw corrupt('an entry does not begin where it should');
    const nameBytes = bytes.readUInt16LE(start + 26);
    const content = start + 30 + nameBytes + bytes.readUInt16LE(start + 28);
    if (bytes.toString('utf8', start + 30, start + 30 + nameBytes) !== entry.name) {
      throw new ArchiveError('ambiguous', `Cannot read "${entry.name}" of the zip: it has a second name`);
    }
    const packed = bytes.subarray(content, content + entry.packedBytes);
    if (packed.length !== entry.packedBytes) throw corrupt('an entry reaches beyond its end');
    if (entry.method === stored) return packed;
    if (entry.method !== deflated) {
      throw new ArchiveError(
        'unsupported',
        `Cannot read "${entry.name}" of the zip: method ${entry.method} is not read`,
      );
    }
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.sizeBytes) });
  }
}

interface Directory {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly entryCount: number;
  readonly startBytes: number;
}

/** The record at the end, with its 64-bit form before it where numbers do not fit; its comment reaches to the end. */
function findDirectory(bytes: Buffer): Directory {
  const earliest = Math.max(0, bytes.length - endBytes - commentBytesMax);
  for (let end = bytes.length - endBytes; end >= earliest; end -= 1) {
    if (bytes.readUInt32LE(end) !== endSignature) continue;
    if (end + endBytes + bytes.readUInt16LE(end + 20) !== bytes.length) continue;
    const count = bytes.readUInt16LE(end + 10);
    const sizeBytes = bytes.readUInt32LE(end + 12);
    const offset = bytes.readUInt32LE(end + 16);
    const locator = end - 20;
    const is64 = locator >= 0 && bytes.readUInt32LE(locator) === end64LocatorSignature;
    if (is64) return findDirectory64(bytes, locator);
    return placed({ stated: { count, sizeBytes, offset }, end });
  }
  throw corrupt('it has no directory');
}

function findDirectory64(bytes: Buffer, locator: number): Directory {
  for (let end = locator - 56; end >= 0 && end > locator - 56 - commentBytesMax; end -= 1) {
    if (bytes.readUInt32LE(end) !== end64Signature) continue;
    const stated = {
      count: Number(bytes.readBigUInt64LE(end + 32)),
      sizeBytes: Number(bytes.readBigUInt64LE(end + 40)),
      offset: Number(bytes.readBigUInt64LE(end + 48)),
    };
    return placed({ stated, end });
  }
  throw corrupt('it has no directory');
}

/** The directory lies right before the record that names it; what its offset lacks stands before the archive. */
function placed(found: {
  readonly stated: { readonly count: number; readonly sizeBytes: number; readonly offset: number };
  readonly end: number;
}): Directory {
  const { count, sizeBytes, offset } = found.stated;
  const startBytes = found.end - sizeBytes - offset;
  if (startBytes < 0) throw corrupt('its directory lies outside of it');
  if (count > entriesMax) {
    throw new ArchiveError('limit:entries', `Cannot read the zip: at most ${entriesMax} entries`);
  }
  return { offset: startBytes + offset, sizeBytes, entryCount: count, startBytes };
}

function readDirectory(bytes: Buffer, directory: Directory): readonly ZipEntry[] {
  const end = directory.offset + directory.sizeBytes;
  const entries: ZipEntry[] = [];
  let at = directory.offset;
  while (at < end) {
    if (bytes.readUInt32LE(at) !== entrySignature) throw corrupt('its directory is none');
    const nameBytes = bytes.readUInt16LE(at + 28);
    const extraBytes = bytes.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + bytes.readUInt16LE(at + 32);
    if (next > end) throw corrupt('its directory ends too early');
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameBytes),
      isEncrypted: (bytes.readUInt16LE(at + 8) & 1) === 1,
      method: bytes.readUInt16LE(at + 10),
      crc32: bytes.readUInt32LE(at + 16),
      packedBytes: bytes.readUInt32LE(at + 20),
      sizeBytes: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at = next;
  }
  if (entries.length !== directory.entryCount) throw corrupt('its directory has another number of entries');
  return entries;
}

function corrupt(rule: string): ArchiveError {
  return new ArchiveError('corrupt', `Cannot read the zip: ${rule}`);
}

/** Offsets beyond the end and broken deflate streams throw errors of the runtime's own. */
function damaged<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    if (error instanceof RangeError || (error instanceof Error && 'code' in error)) {
      throw new ArchiveError('corrupt', 'Cannot read the zip: it is damaged', { cause: error });
    }
    throw error;
  }
}
