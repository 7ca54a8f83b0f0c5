import { RpmDatabaseError } from './_rpm-database.ts';

const headerMagic = 'RpmP';
const slotMagic = 'Slot';
const blobMagic = 'BlbS';
const slotBytes = 16;
const slotPageBytes = 4096;
const blockBytes = 16;
const blobHeaderBytes = 16;
const pagesMax = 4096;

export function isNdb(bytes: Buffer): boolean {
  return bytes.length >= slotPageBytes && bytes.toString('latin1', 0, 4) === headerMagic;
}

/**
 * The package headers of rpm's own database format (`Packages.db` of SUSE). Layout: rpm, lib/backend/ndb/rpmpkg.c.
 *
 *     file   0 'RpmP'  4 version  12 pages of slots  32 slots, to the end of those pages
 *     slot   0 'Slot'  4 package, 0 when free  8 first block of 16 bytes  12 blocks
 *     blob   0 'BlbS'  4 package  12 length  16 the header
 */
export function* ndbHeaders(bytes: Buffer): Generator<Buffer> {
  if (bytes.readUInt32LE(4) !== 0) throw new RpmDatabaseError('its version is not 0');
  const slotPages = bytes.readUInt32LE(12);
  if (slotPages > pagesMax) throw new RpmDatabaseError('it has too many slots');
  const slotsEnd = slotPages * slotPageBytes;
  let leftBytes = bytes.length;
  for (let slot = 2 * slotBytes; slot < slotsEnd; slot += slotBytes) {
    if (bytes.toString('latin1', slot, slot + 4) !== slotMagic) throw new RpmDatabaseError('a slot is none');
    const packageNumber = bytes.readUInt32LE(slot + 4);
    if (packageNumber === 0) continue;
    const start = bytes.readUInt32LE(slot + 8) * blockBytes;
    if (
      bytes.toString('latin1', start, start + 4) !== blobMagic ||
      bytes.readUInt32LE(start + 4) !== packageNumber
    ) {
      throw new RpmDatabaseError('a slot names what is not its package');
    }
    const lengthBytes = bytes.readUInt32LE(start + 12);
    leftBytes -= lengthBytes;
    const end = start + blobHeaderBytes + lengthBytes;
    if (leftBytes < 0 || end > bytes.length) throw new RpmDatabaseError('a package lies outside of it');
    yield bytes.subarray(start + blobHeaderBytes, end);
  }
}
