import type { PaxRecords } from './_pax-records.ts';
import type { TarHeader } from './_tar-header.ts';
import { ArchiveError } from './archive-error.ts';
import type { TarEntryType } from './tar-entry.ts';

/** Bytes of the member in the archive. */
export function sizeOf(header: TarHeader, pax: PaxRecords | undefined): number {
  const stated = pax?.sizeBytes;
  if (stated === undefined || stated === header.sizeBytes) return header.sizeBytes;
  // The record exists for sizes that eleven octal digits cannot hold; else it only splits readers (CVE-2025-62518).
  if (stated < 8 ** 11) throw ambiguous('the PAX size of a member must be that of its header');
  return stated;
}

export function typeOf(typeFlag: number, name: string): TarEntryType {
  switch (typeFlag) {
    case 0x30: // '0'
    case 0x37: // '7', contiguous
    case 0x53: // 'S', GNU sparse
      if (name.endsWith('/')) throw ambiguous('the name of a file must not end with a slash');
      return 'file';
    case 0x00: // before ustar: a directory is a file whose name ends with a slash
      return name.endsWith('/') ? 'directory' : 'file';
    case 0x31:
      return 'hardlink';
    case 0x32:
      return 'symlink';
    case 0x33:
    case 0x34:
    case 0x36:
      return 'device';
    case 0x35:
      return 'directory';
    default:
      throw ambiguous(`the type of a member must be one of POSIX or GNU, got 0x${typeFlag.toString(16)}`);
  }
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
