import { RpmDatabaseError } from './_rpm-database.ts';

const hashMagic = 0x00061561;
const metaPageType = 8;
const hashPageTypes: ReadonlySet<number> = new Set([2, 13]); // unsorted, sorted
const overflowPageType = 7;
const pageHeaderBytes = 26;
const keyDataItem = 1;
const offPageItem = 3;
const packageNumberBytes = 4;

export function isBerkeleyHash(bytes: Buffer): boolean {
  if (bytes.length < 512) return false;
  return bytes.readUInt32LE(12) === hashMagic || bytes.readUInt32BE(12) === hashMagic;
}

/**
 * The package headers of a BerkeleyDB hash file (`Packages` of rpm up to 4.15): pages of hash entries, whose values lie on
 * the page or, when they are long, in a chain of overflow pages. Layouts: Berkeley DB 5.3, src/dbinc/db_page.h.
 *
 *     meta page   12 magic  20 page size  25 type  32 last page
 *     page        16 next  20 entries, on an overflow page its bytes: 22  25 type  26 offsets of the items (u16)
 *     item        0 type (1: data follows, 3: on other pages  4 page  8 length)
 */
export function* berkeleyHeaders(bytes: Buffer): Generator<Buffer> {
  const isLittle = bytes.readUInt32LE(12) === hashMagic;
  const u32 = (at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u16 = (at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const pageBytes = u32(20);
  const isPowerOfTwo = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (bytes[25] !== metaPageType || !isPowerOfTwo) {
    throw new RpmDatabaseError('its first page is none of a hash');
  }
  if (bytes[24] !== 0) throw new RpmDatabaseError('it is encrypted');
  const lastPage = u32(32);
  if ((lastPage + 1) * pageBytes > bytes.length) throw new RpmDatabaseError('it ends too early');
  // Every byte belongs to one value at most, whatever the chains say.
  let leftBytes = bytes.length;
  for (let page = 1; page <= lastPage; page += 1) {
    const start = page * pageBytes;
    if (!hashPageTypes.has(bytes[start + 25] ?? 0)) continue;
    const itemCount = u16(start + 20);
    if (pageHeaderBytes + itemCount * 2 > pageBytes)
      throw new RpmDatabaseError('a page has too many entries');
    // Items alternate: a key, then its value.
    for (let item = 1; item < itemCount; item += 2) {
      const offset = u16(start + pageHeaderBytes + item * 2);
      const end = u16(start + pageHeaderBytes + (item - 1) * 2);
      if (offset + 1 > end || end > pageBytes) throw new RpmDatabaseError('an entry lies outside its page');
      const value = itemValue({ start: start + offset, end: start + end });
      if (value.length > packageNumberBytes) yield value;
    }
  }

  function itemValue(item: { readonly start: number; readonly end: number }): Buffer {
    const type = bytes[item.start];
    if (type === keyDataItem) return bytes.subarray(item.start + 1, item.end);
    if (type === offPageItem) return chainedValue(u32(item.start + 4), u32(item.start + 8));
    throw new RpmDatabaseError(`the type of an entry must be 1 or 3, got ${type}`);
  }

  function chainedValue(firstPage: number, lengthBytes: number): Buffer {
    leftBytes -= lengthBytes;
    if (leftBytes < 0) throw new RpmDatabaseError('its entries are longer than itself');
    const parts: Buffer[] = [];
    let missing = lengthBytes;
    for (let page = firstPage; missing > 0; page = u32(page * pageBytes + 16)) {
      const start = page * pageBytes;
      if (page === 0 || page > lastPage || bytes[start + 25] !== overflowPageType) {
        throw new RpmDatabaseError('a long entry breaks off');
      }
      const used = u16(start + 22);
      if (used === 0 || used > missing || pageHeaderBytes + used > pageBytes) {
        throw new RpmDatabaseError('a long entry is not as long as it says');
      }
      parts.push(bytes.subarray(start + pageHeaderBytes, start + pageHeaderBytes + used));
      missing -= used;
    }
    return Buffer.concat(parts);
  }
}
