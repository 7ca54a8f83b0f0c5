export type ContentKind = 'gzip' | 'zstd' | 'tar' | 'elf' | 'zip' | 'json' | 'other';

/** Leading bytes that `sniffContent()` needs to tell everything apart. */
export const sniffBytes = 512;

/**
 * What the first bytes of a blob say it is, whatever its media type claims (threats.md D7, P12, P13): only content
 * decides that a blob cannot be part of a root file system.
 */
export function sniffContent(head: Uint8Array): ContentKind {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip';
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd]) || isSkippableZstdFrame(head)) return 'zstd';
  if (startsWith(head, [0x7f, 0x45, 0x4c, 0x46])) return 'elf';
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) return 'zip';
  if (startsWith(head.subarray(257), [0x75, 0x73, 0x74, 0x61, 0x72]) || hasTarChecksum(head)) return 'tar';
  const first = head.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
  return first === 0x7b || first === 0x5b ? 'json' : 'other';
}

/** A tar of before POSIX has no magic, but every header states the sum of its bytes at 148 (tar(5), "Old-Style Archive Format"). */
function hasTarChecksum(head: Uint8Array): boolean {
  if (head.length < sniffBytes) return false;
  const field = String.fromCharCode(...head.subarray(148, 156));
  const stated = Number.parseInt(field.replaceAll('\0', ' ').trim(), 8);
  let sum = 8 * 0x20;
  for (const [index, byte] of head.subarray(0, sniffBytes).entries()) {
    if (index < 148 || index >= 156) sum += byte;
  }
  return stated === sum;
}

/** RFC 8878 §3.1.2: magic 0x184D2A50 to 0x184D2A5F, little endian. */
function isSkippableZstdFrame(head: Uint8Array): boolean {
  return ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18]);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
