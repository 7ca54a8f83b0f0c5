/** Tags of a package header (rpm: include/rpm/rpmtag.h). */
export const rpmTags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  buildTime: 1006,
  license: 1014,
  architecture: 1022,
  sourceRpm: 1044,
  folderIndexes: 1116,
  fileNames: 1117,
  folderNames: 1118,
  modularityLabel: 5096,
} as const;

const int32Type = 4;
const stringTypes: ReadonlySet<number> = new Set([6, 8, 9]); // string, array of strings, translated strings
const indexEntryBytes = 16;
/** rpm itself accepts no more (rpm: lib/header.c, `headerMaxbytes` and `HEADER_TAGS_MAX`). */
const entriesMax = 0xffff;
const valuesMax = 1_000_000;

interface IndexEntry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/**
 * A package header as rpm stores it in its databases: the counts of index entries and data bytes, the entries (tag, type,
 * offset, count; 16 bytes each, big-endian), the data. https://rpm-software-management.github.io/rpm/manual/hregions.html
 */
export class RpmHeader {
  readonly #data: Buffer;
  readonly #entries = new Map<number, IndexEntry>();

  private constructor(data: Buffer) {
    this.#data = data;
  }

  /** Undefined when the bytes are no header. */
  static parse(bytes: Buffer): RpmHeader | undefined {
    if (bytes.length < 8) return undefined;
    const entryCount = bytes.readUInt32BE(0);
    const dataBytes = bytes.readUInt32BE(4);
    const dataStart = 8 + entryCount * indexEntryBytes;
    if (entryCount === 0 || entryCount > entriesMax || dataStart + dataBytes > bytes.length) return undefined;
    const header = new RpmHeader(bytes.subarray(dataStart, dataStart + dataBytes));
    for (let at = 8; at < dataStart; at += indexEntryBytes) {
      header.#entries.set(bytes.readUInt32BE(at), {
        type: bytes.readUInt32BE(at + 4),
        offset: bytes.readUInt32BE(at + 8),
        count: bytes.readUInt32BE(at + 12),
      });
    }
    return header;
  }

  text(tag: number): string | undefined {
    return this.texts(tag)[0];
  }

  /** Empty when the tag is missing, of another type, or reaches beyond the data. */
  texts(tag: number): readonly string[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined || !stringTypes.has(entry.type) || entry.count > valuesMax) return [];
    const texts: string[] = [];
    let start = entry.offset;
    while (texts.length < entry.count) {
      const end = this.#data.indexOf(0, start);
      if (start >= this.#data.length || end < 0) return [];
      texts.push(this.#data.toString('utf8', start, end));
      start = end + 1;
    }
    return texts;
  }

  number(tag: number): number | undefined {
    return this.numbers(tag)[0];
  }

  numbers(tag: number): readonly number[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined || entry.type !== int32Type || entry.count > valuesMax) return [];
    const { offset, count } = entry;
    if (offset + count * 4 > this.#data.length) return [];
    return Array.from({ length: count }, (_, index) => this.#data.readUInt32BE(offset + index * 4));
  }
}
