import type { TarEntryType } from './tar-entry.ts';

const blockBytes = 512;
const typeFlags: Readonly<Record<Exclude<TarEntryType, 'device'>, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  directory: '5',
};

/** A member to be written; the body of a file follows its header, see `tarPadding()`. */
export interface TarMember {
  /** A directory's path may end with a slash. */
  readonly path: string;
  readonly type: Exclude<TarEntryType, 'device'>;
  readonly sizeBytes?: number;
  readonly linkTarget?: string;
  readonly modifiedAtMs?: number;
  /** Permission bits; default 0755 for directories, 0644 for the rest. */
  readonly mode?: number;
}

/** The header blocks of a member: ustar, with PAX records in front where a name or the size does not fit. */
export function tarHeader(member: TarMember): Buffer {
  const { linkTarget = '', sizeBytes = 0 } = member;
  const records = [
    ...(Buffer.byteLength(member.path) > 100 ? [paxRecord('path', member.path)] : []),
    ...(Buffer.byteLength(linkTarget) > 100 ? [paxRecord('linkpath', linkTarget)] : []),
    ...(sizeBytes >= 8 ** 11 ? [paxRecord('size', String(sizeBytes))] : []),
  ];
  const block = headerBlock({ ...member, linkTarget, sizeBytes }, typeFlags[member.type]);
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  const pax = headerBlock(
    { path: 'PaxHeaders/0', type: 'file', linkTarget: '', sizeBytes: body.length },
    'x',
  );
  return Buffer.concat([pax, body, tarPadding(body.length), block]);
}

/** The zero bytes behind a body of this size. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The end of an archive. */
export function tarTrailer(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

function headerBlock(
  member: TarMember & { readonly linkTarget: string; readonly sizeBytes: number },
  typeFlag: string,
): Buffer {
  const block = Buffer.alloc(blockBytes);
  const mode = member.mode ?? (member.type === 'directory' ? 0o755 : 0o644);
  Buffer.from(member.path).copy(block, 0, 0, 100);
  block.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100, 'latin1');
  block.write(`${octal(member.sizeBytes < 8 ** 11 ? member.sizeBytes : 0, 11)}\0`, 124, 'latin1');
  block.write(`${octal(Math.max(0, Math.floor((member.modifiedAtMs ?? 0) / 1000)), 11)}\0`, 136, 'latin1');
  block.write(`        ${typeFlag}`, 148, 'latin1');
  Buffer.from(member.linkTarget).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0').slice(-digits);
}

/** POSIX.1-2017 pax: the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length += 1;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
