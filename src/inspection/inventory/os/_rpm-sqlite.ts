import { RpmDatabaseError } from './_rpm-database.ts';

const magic = 'SQLite format 3\0';
const fileHeaderBytes = 100;
const interiorPage = 0x05;
const leafPage = 0x0d;
const depthMax = 20;

export function isSqlite(bytes: Buffer): boolean {
  return bytes.length >= 512 && bytes.toString('latin1', 0, magic.length) === magic;
}

/** The package headers of `rpmdb.sqlite` (rpm 4.16 and later): column `blob` of the table `Packages`. */
export function* sqliteHeaders(bytes: Buffer): Generator<Buffer> {
  const file = new SqliteFile(bytes);
  // Columns of the schema table: type, name, table name, root page, SQL text.
  for (const [type, name, , rootPage] of file.rows(1)) {
    if (asText(type) !== 'table' || asText(name) !== 'Packages' || typeof rootPage !== 'number') continue;
    for (const [, blob] of file.rows(rootPage)) {
      if (!Buffer.isBuffer(blob)) throw new RpmDatabaseError('a package is no blob');
      yield blob;
    }
    return;
  }
  throw new RpmDatabaseError('it has no table Packages');
}

type Value = Buffer | number | undefined;

function asText(value: Value): string | undefined {
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

/** Reads tables of a SQLite file from their b-trees. https://www.sqlite.org/fileformat2.html */
class SqliteFile {
  readonly #bytes: Buffer;
  readonly #pageBytes: number;
  readonly #usableBytes: number;
  /** Every page belongs to one tree and is met once: whoever meets one again goes round in a circle. */
  readonly #met = new Set<number>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const stated = bytes.readUInt16BE(16);
    this.#pageBytes = stated === 1 ? 65_536 : stated;
    if (this.#pageBytes < 512 || (this.#pageBytes & (this.#pageBytes - 1)) !== 0) {
      throw new RpmDatabaseError('its page size is none');
    }
    this.#usableBytes = this.#pageBytes - bytes.readUInt8(20);
    if (this.#usableBytes < 480) throw new RpmDatabaseError('its pages hold too little');
  }

  *rows(page: number, depth = 0): Generator<readonly Value[]> {
    const start = this.#enter(page);
    if (depth > depthMax) throw new RpmDatabaseError('its tables are too deep');
    const header = page === 1 ? start + fileHeaderBytes : start;
    const type = this.#bytes.readUInt8(header);
    if (type !== interiorPage && type !== leafPage) throw new RpmDatabaseError('a page of a table is none');
    const cellCount = this.#bytes.readUInt16BE(header + 3);
    const pointers = header + (type === leafPage ? 8 : 12);
    if (pointers + cellCount * 2 > start + this.#usableBytes) {
      throw new RpmDatabaseError('a page has too many cells');
    }
    for (let cell = 0; cell < cellCount; cell += 1) {
      const at = start + this.#bytes.readUInt16BE(pointers + cell * 2);
      if (type === leafPage) yield this.#record(at, start + this.#usableBytes);
      else yield* this.rows(this.#bytes.readUInt32BE(at), depth + 1);
    }
    if (type === interiorPage) yield* this.rows(this.#bytes.readUInt32BE(header + 8), depth + 1);
  }

  #enter(page: number): number {
    const start = (page - 1) * this.#pageBytes;
    if (page === 0 || start + this.#pageBytes > this.#bytes.length) {
      throw new RpmDatabaseError('a page lies outside of it');
    }
    if (this.#met.has(page)) throw new RpmDatabaseError('a page is used twice');
    this.#met.add(page);
    return start;
  }

  #record(at: number, pageEnd: number): readonly Value[] {
    const length = readVarint(this.#bytes, at);
    const rowId = readVarint(this.#bytes, length.end);
    return parseRecord(this.#payload({ start: rowId.end, lengthBytes: length.value, pageEnd }));
  }

  /** What does not fit the page goes on in a chain of overflow pages (fileformat2.html#b_tree_pages). */
  #payload(cell: { readonly start: number; readonly lengthBytes: number; readonly pageEnd: number }): Buffer {
    const { start, lengthBytes, pageEnd } = cell;
    if (lengthBytes > this.#bytes.length) throw new RpmDatabaseError('a row is longer than the file');
    const localMax = this.#usableBytes - 35;
    const localMin = Math.floor(((this.#usableBytes - 12) * 32) / 255) - 23;
    const fitting = localMin + ((lengthBytes - localMin) % (this.#usableBytes - 4));
    const localBytes = lengthBytes <= localMax ? lengthBytes : fitting <= localMax ? fitting : localMin;
    if (start + localBytes > pageEnd) throw new RpmDatabaseError('a row lies outside its page');
    const parts = [this.#bytes.subarray(start, start + localBytes)];
    if (localBytes === lengthBytes) return this.#bytes.subarray(start, start + localBytes);
    let missing = lengthBytes - localBytes;
    for (let page = this.#bytes.readUInt32BE(start + localBytes); missing > 0; ) {
      const pageStart = this.#enter(page);
      const used = Math.min(missing, this.#usableBytes - 4);
      parts.push(this.#bytes.subarray(pageStart + 4, pageStart + 4 + used));
      missing -= used;
      page = this.#bytes.readUInt32BE(pageStart);
    }
    return Buffer.concat(parts);
  }
}

/** Blobs and texts as bytes, integers as numbers; fractions and NULL, which no package has, as undefined. */
function parseRecord(payload: Buffer): readonly Value[] {
  const header = readVarint(payload, 0);
  const values: Value[] = [];
  let body = header.value;
  for (let at = header.end; at < header.value; ) {
    const serial = readVarint(payload, at);
    at = serial.end;
    const sizeBytes = sizeOfSerial(serial.value);
    if (body + sizeBytes > payload.length) throw new RpmDatabaseError('a row is shorter than its columns');
    if (serial.value >= 12) values.push(payload.subarray(body, body + sizeBytes));
    else values.push(integerOf(serial.value, payload, body));
    body += sizeBytes;
  }
  return values;
}

/** fileformat2.html#record_format */
function sizeOfSerial(serial: number): number {
  if (serial >= 12) return Math.floor((serial - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][serial] ?? 0;
}

function integerOf(serial: number, payload: Buffer, at: number): number | undefined {
  if (serial === 8 || serial === 9) return serial - 8;
  if (serial >= 1 && serial <= 5) return payload.readIntBE(at, sizeOfSerial(serial));
  return serial === 6 ? Number(payload.readBigInt64BE(at)) : undefined;
}

function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(start + index);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(start + 8), end: start + 9 };
}
