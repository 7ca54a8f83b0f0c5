import { StoredReportError } from './stored-report-error.ts';

/**
 * Package ids as `image_report.package_set` holds them: sorted and distinct, each as its distance from the one before it
 * (the first from 0), in LEB128: seven bits a byte, low ones first, the high bit set in all but a number's last.
 *
 *     | format, 1 byte | (padding, 1 byte) | distances … |
 *
 * Sets of before migration 0028 are little-endian uint32 without a format: as long as a multiple of four, which ours never
 * are: format 2 has a byte of padding, format 1 has none.
 */
const formats = { bare: 1, padded: 2 } as const;
const bytesPerIdMax = 5;
const scaleMax = 0x80 ** (bytesPerIdMax - 1);

export function packIds(ids: Iterable<number>): Buffer {
  return packSorted(Uint32Array.from(new Set(ids)).sort());
}

/** `sorted`: ascending, each once. */
export function packSorted(sorted: Uint32Array): Buffer {
  const packed = Buffer.allocUnsafe(2 + sorted.length * bytesPerIdMax);
  let length = 1;
  let previous = 0;
  for (const id of sorted) {
    let rest = id - previous;
    previous = id;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) packed[length++] = (rest & 0x7f) | 0x80;
    packed[length++] = rest;
  }
  packed[0] = formats.bare;
  if (length % 4 > 0) return Buffer.from(packed.subarray(0, length));
  packed.copyWithin(2, 1, length);
  packed[0] = formats.padded;
  packed[1] = 0;
  return Buffer.from(packed.subarray(0, length + 1));
}

/** In ascending order. Throws a `StoredReportError`. */
export function unpackIds(packed: Uint8Array): number[] {
  const read = new Uint32Array(packed.length);
  const count = readIds(packed, read);
  const ids: number[] = [];
  for (let index = 0; index < count; index += 1) ids.push(read[index] ?? 0);
  return ids;
}

/**
 * The ids in ascending order, written into `into`, which has room for as many as `packed` has bytes: for a pass over very
 * many sets. Returns how many there are. Throws a `StoredReportError`.
 */
export function readIds(packed: Uint8Array, into: Uint32Array): number {
  if (packed.length % 4 === 0) return readPlainIds(packed, into);
  const [format = 0] = packed;
  if (format !== formats.bare && format !== formats.padded)
    throw new StoredReportError('packages', `format ${format} is none that this version knows`);
  const { length } = packed;
  let count = 0;
  let id = 0;
  for (let at: number = format; at < length; count += 1) {
    let byte = packed[at++] ?? 0;
    let distance = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      if (at >= length || scale > scaleMax) throw new StoredReportError('packages', 'an id has no end');
      byte = packed[at++] ?? 0;
      distance += (byte & 0x7f) * scale;
    }
    id += distance;
    into[count] = id;
  }
  return count;
}

function readPlainIds(packed: Uint8Array, into: Uint32Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const count = packed.length / 4;
  for (let index = 0; index < count; index += 1) into[index] = view.getUint32(index * 4, true);
  return count;
}
