import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import yauzl from 'yauzl';
import { FeedRefusedError } from '../feeds/feed-errors.ts';
import { titleOfRecord } from './osv-record.ts';

/** One record of a mirror as it is served, before it is read. */
export interface RawRecord {
  /** Name of its file without `.json`. */
  readonly id: string;
  readonly json: Buffer;
  /** The same, raw deflate (RFC 1951). */
  readonly deflated: Buffer;
}

export interface ZipToRead {
  readonly address: string;
  readonly file: FileHandle;
  readonly sizeBytes: number;
}

interface ZipEntry {
  readonly id: string;
  readonly offset: number;
  readonly compressedBytes: number;
  readonly inflatedBytes: number;
  readonly method: number;
  readonly crc: number;
}

const recordBytesMax = 16 * 2 ** 20;
const inflatedBytesMax = 16 * 2 ** 30;
const localHeaderBytes = 30;
const recordsPerTurn = 64;

export function rawRecord(id: string, json: Buffer): RawRecord {
  return { id, json, deflated: deflateRawSync(json) };
}

/**
 * The records of an `all.zip` in the order of the file. Every entry's size and checksum are verified; anything that is
 * not a whole, sound zip of `<ID>.json` files throws FeedRefusedError. Lets other work run every few records.
 */
export async function* zipRecords(zip: ZipToRead): AsyncGenerator<RawRecord> {
  const entries = await listEntries(zip);
  const window = new FileWindow(zip.file, zip.sizeBytes);
  let count = 0;
  for (const entry of entries) {
    if (++count % recordsPerTurn === 0) await setImmediate();
    yield await readEntry(zip.address, window, entry);
  }
}

async function listEntries(zip: ZipToRead): Promise<readonly ZipEntry[]> {
  try {
    const directory = await yauzl.fromFdPromise(zip.file.fd, { autoClose: false, lazyEntries: true });
    const entries: ZipEntry[] = [];
    let inflated = 0;
    for await (const entry of directory.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      inflated += entry.uncompressedSize;
      entries.push(zipEntry(zip.address, entry));
    }
    if (inflated > inflatedBytesMax) {
      throw new FeedRefusedError(
        zip.address,
        `it must unpack to at most ${inflatedBytesMax} bytes, got ${inflated}`,
      );
    }
    return entries.sort((a, b) => a.offset - b.offset);
  } catch (error) {
    if (error instanceof FeedRefusedError) throw error;
    throw new FeedRefusedError(zip.address, await describeNonZip(zip), { cause: error });
  }
}

function zipEntry(address: string, entry: yauzl.Entry): ZipEntry {
  const id = /^([^/\\]+)\.json$/.exec(entry.fileName)?.[1];
  if (id === undefined) {
    throw new FeedRefusedError(address, 'it must hold only <ID>.json files, got another');
  }
  if (entry.isEncrypted() || (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)) {
    throw new FeedRefusedError(address, `entry ${titleOfRecord(id)} must be stored or deflated`);
  }
  if (entry.uncompressedSize > recordBytesMax) {
    throw new FeedRefusedError(
      address,
      `entry ${titleOfRecord(id)} must unpack to at most ${recordBytesMax} bytes`,
    );
  }
  return {
    id,
    offset: entry.relativeOffsetOfLocalHeader,
    compressedBytes: entry.compressedSize,
    inflatedBytes: entry.uncompressedSize,
    method: entry.compressionMethod,
    crc: entry.crc32,
  };
}

async function describeNonZip(zip: ZipToRead): Promise<string> {
  const start = Buffer.alloc(256);
  const { bytesRead } = await zip.file.read(start, 0, start.length, 0);
  if (/^\s*</.test(start.toString('latin1', 0, bytesRead))) return 'it must be a zip file, got an HTML page';
  return 'it must be a whole zip file, got one that is cut off or damaged, or another file';
}

/** Zip "local file header", APPNOTE 4.3.7: 30 bytes, then name and extra field of the lengths at 26 and 28. */
async function readEntry(address: string, window: FileWindow, entry: ZipEntry): Promise<RawRecord> {
  const header = await window.read(entry.offset, localHeaderBytes);
  if (header.length < localHeaderBytes || header.readUInt32LE(0) !== 0x04034b50) {
    throw new FeedRefusedError(
      address,
      `entry ${titleOfRecord(entry.id)} has no header where the directory says`,
    );
  }
  const start = entry.offset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  const stored = await window.read(start, entry.compressedBytes);
  const json = stored.length === entry.compressedBytes ? inflate(entry, stored) : undefined;
  if (json?.length !== entry.inflatedBytes || crc32(json) !== entry.crc) {
    throw new FeedRefusedError(address, `entry ${titleOfRecord(entry.id)} is damaged`);
  }
  return entry.method === 0 ? rawRecord(entry.id, json) : { id: entry.id, json, deflated: stored };
}

function inflate(entry: ZipEntry, stored: Buffer): Buffer | undefined {
  if (entry.method === 0) return stored;
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(entry.inflatedBytes, 1) });
  } catch {
    return undefined; // damaged, or longer than it claims
  }
}

const windowBytes = 2 ** 20;

/** Reads ahead, so that neighbouring small reads cost one system call; earlier results stay valid. */
class FileWindow {
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  #start = 0;
  #bytes = Buffer.alloc(0);

  constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** Fewer bytes than asked when the file ends. */
  async read(position: number, length: number): Promise<Buffer> {
    const from = position - this.#start;
    if (from >= 0 && from + length <= this.#bytes.length) return this.#bytes.subarray(from, from + length);
    const wanted = Math.min(Math.max(length, windowBytes), Math.max(this.#sizeBytes - position, 0));
    const buffer = Buffer.alloc(wanted);
    const { bytesRead } = await this.#file.read(buffer, 0, wanted, position);
    this.#start = position;
    this.#bytes = buffer.subarray(0, bytesRead);
    return this.#bytes.subarray(0, Math.min(length, bytesRead));
  }
}
