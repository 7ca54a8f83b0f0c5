import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipRecord {
  /** Name of the file in the archive. */
  readonly name: string;
  /** Its content, raw deflate (RFC 1951). */
  readonly deflated: Buffer;
}

const utf8Flag = 0x0800;
const deflateMethod = 8;
/** 1980-01-01, the first day that the format knows: the same records give the same bytes. */
const firstDay = 0x0021;
const offsetMax = 0xffff_fffe;
const entriesMax = 0xfffe;

/**
 * The pieces of a zip archive (APPNOTE 6.3.10) in their order. What `startBytes` were written before is part of the file, as
 * the format allows. Throws `RangeError` where it would exceed 4 GiB.
 */
export class ZipWriter {
  readonly #directory: Buffer[] = [];
  #position: number;

  constructor(startBytes = 0) {
    this.#position = startBytes;
  }

  /** The pieces of one file; `content` is the inflated bytes when they are known. */
  add({ name, deflated }: ZipRecord, content: Uint8Array = inflateRawSync(deflated)): readonly Buffer[] {
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(utf8Flag, 2);
    common.writeUInt16LE(deflateMethod, 4);
    common.writeUInt16LE(firstDay, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(deflated.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([signature(0x04034b50), common, path]);
    const listed = Buffer.alloc(46);
    listed.writeUInt32LE(0x02014b50, 0);
    listed.writeUInt16LE(20, 4);
    common.copy(listed, 6);
    listed.writeUInt32LE(this.#position, 42);
    this.#directory.push(listed, path);
    this.#position += local.length + deflated.length;
    if (this.#position > offsetMax) throw new RangeError('a zip archive of records must not exceed 4 GiB');
    return [local, deflated];
  }

  /** The directory, with the fields of zip64 when there are more files than the old ones can count. */
  end(): readonly Buffer[] {
    const directory = Buffer.concat(this.#directory);
    const count = this.#directory.length / 2;
    const start = this.#position;
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, 0xffff), 8);
    end.writeUInt16LE(Math.min(count, 0xffff), 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(start, 16);
    return count > entriesMax ? [directory, ...zip64(count, start, directory.length), end] : [directory, end];
  }
}

/** APPNOTE 6.3 §4.3.14 and §4.3.15: the record that counts with 64 bits, and where it is. */
function zip64(count: number, start: number, length: number): readonly Buffer[] {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(length), 40);
  record.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(start + length), 8);
  locator.writeUInt32LE(1, 16);
  return [record, locator];
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
