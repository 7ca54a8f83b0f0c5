import { type PaxRecords, parsePaxRecords } from './_pax-records.ts';
import { blockBytes, parseTarHeader, type TarHeader } from './_tar-header.ts';
import { ArchiveError } from './archive-error.ts';
import {
  defaultTarLimits,
  type TarBodyRest,
  type TarEntry,
  type TarEntryType,
  type TarLimits,
  type TarVisitor,
} from './tar-entry.ts';
import { cleanPath, decodeName } from './tar-path.ts';

const zeros = Buffer.alloc(64 * 1024);

/** What the blocks behind a header are, until `#leftBytes` of them have passed. */
type Section = 'header' | 'meta' | 'body' | 'rest' | 'skip' | 'sparse-map' | 'trailer';

/** Headers that describe the next member, collected until it comes. */
interface Pending {
  pax?: PaxRecords;
  longName?: string;
  longLink?: string;
}

/**
 * Reads a tar archive given in pieces of any length and calls the visitor for each member. Strict on purpose: whatever
 * GNU tar, bsdtar and Go's archive/tar could read differently throws an `ArchiveError` with code `ambiguous`
 * (threats.md D3, D4). Bodies that nobody wants are passed over without a copy.
 */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #limits: TarLimits;
  #section: Section = 'header';
  #leftBytes = 0;
  /** Bytes behind the section at hand that belong to no member: unwanted body and padding. */
  #skipBytes = 0;
  /** Bytes of the member's body behind the wanted ones, and who takes them. */
  #restBytes = 0;
  #rest: TarBodyRest | undefined;
  #metaFlag = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #pending: Pending = {};
  #headerCount = 0;
  /** Where the piece at hand starts in the archive, and where the section that was finished last ends. */
  #chunkOffset = 0;
  #sectionEnd = 0;

  constructor(visitor: TarVisitor, limits: TarLimits = defaultTarLimits) {
    this.#visitor = visitor;
    this.#limits = limits;
  }

  /** During `entry()` of the visitor: where in the archive the member's body starts. */
  get bodyOffset(): number {
    return this.#sectionEnd;
  }

  /** Bytes that come next and that nobody wants: a reader of a file may jump over them, telling `skip()`. */
  get skippableBytes(): number {
    return this.#section === 'skip' ? this.#leftBytes : 0;
  }

  /** Takes that many bytes as read: 1 to `skippableBytes`. */
  skip(bytes: number): void {
    this.#chunkOffset += bytes;
    this.#pass(bytes);
  }

  write(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      switch (this.#section) {
        case 'skip': {
          const bytes = Math.min(this.#leftBytes, chunk.length - position);
          position += bytes;
          this.#pass(bytes);
          break;
        }
        case 'rest': {
          const bytes = Math.min(this.#leftBytes, chunk.length - position);
          this.#takeRest(chunk.subarray(position, position + bytes));
          position += bytes;
          break;
        }
        case 'trailer':
          this.#checkTrailer(chunk, position);
          position = chunk.length;
          break;
        default:
          position = this.#takeSection(chunk, position);
      }
    }
    this.#chunkOffset += chunk.length;
  }

  /** Call after the last piece; throws when the archive stops in the middle of a member. */
  end(): void {
    const isAtBlock = this.#section === 'header' && this.#heldBytes === 0;
    if (!isAtBlock && this.#section !== 'trailer') {
      throw new ArchiveError('truncated', 'Cannot read the archive: it ends within a member');
    }
    this.#refusePending();
  }

  /** Collects what the section needs, without a copy when the piece holds all of it, and returns the new position. */
  #takeSection(chunk: Buffer, position: number): number {
    const needed =
      this.#section === 'header' || this.#section === 'sparse-map' ? blockBytes : this.#leftBytes;
    const missing = needed - this.#heldBytes;
    if (chunk.length - position < missing) {
      this.#held.push(chunk.subarray(position));
      this.#heldBytes += chunk.length - position;
      return chunk.length;
    }
    const end = position + missing;
    this.#sectionEnd = this.#chunkOffset + end;
    if (this.#heldBytes === 0) {
      this.#finishSection(chunk, position, end);
    } else {
      this.#held.push(chunk.subarray(position, end));
      const whole = Buffer.concat(this.#held);
      this.#held = [];
      this.#heldBytes = 0;
      this.#finishSection(whole, 0, whole.length);
    }
    return end;
  }

  #finishSection(bytes: Buffer, start: number, end: number): void {
    switch (this.#section) {
      case 'header':
        this.#readHeader(bytes, start);
        return;
      case 'sparse-map':
        if (bytes[start + 504] === 0) this.#startSkip();
        else this.#countSparseMap();
        return;
      case 'meta':
        this.#readMeta(bytes.subarray(start, end));
        this.#startSkip();
        return;
      default:
        this.#visitor.body(bytes.subarray(start, end));
        this.#startRest();
    }
  }

  #readHeader(block: Buffer, start: number): void {
    if (block[start] === 0 && isZero(block, start, start + blockBytes)) {
      this.#refusePending();
      this.#section = 'trailer';
      return;
    }
    const header = parseTarHeader(block, start);
    this.#headerCount += 1;
    if (this.#headerCount > this.#limits.entriesMax) {
      throw new ArchiveError(
        'limit:entries',
        `Cannot read the archive: at most ${this.#limits.entriesMax} members`,
      );
    }
    switch (header.typeFlag) {
      case 0x78: // x: PAX records of the next member
      case 0x67: // g: PAX records of all members
      case 0x4c: // L: GNU long name
      case 0x4b: // K: GNU long link
        this.#startMeta(header);
        return;
      default:
        this.#startEntry(header);
    }
  }

  #startMeta(header: TarHeader): void {
    if (header.sizeBytes > this.#limits.headerBytesMax) {
      throw new ArchiveError(
        'limit:header',
        `Cannot read the archive: names and attributes of a member must not exceed ${this.#limits.headerBytesMax} bytes`,
      );
    }
    const { pax, longName, longLink } = this.#pending;
    const isRepeated =
      header.typeFlag === 0x4c ? longName : header.typeFlag === 0x4b ? longLink : (longName ?? longLink);
    // Readers differ in which of two wins, and in whether a PAX size counts for a GNU name (CVE-2026-53655).
    if (pax !== undefined || isRepeated !== undefined) {
      throw ambiguous('a member must not have two headers that name it');
    }
    this.#metaFlag = header.typeFlag;
    this.#enter('meta', header.sizeBytes, header.sizeBytes);
    if (header.sizeBytes === 0) {
      this.#readMeta(zeros.subarray(0, 0));
      this.#startSkip();
    }
  }

  #readMeta(bytes: Buffer): void {
    if (this.#metaFlag === 0x4c) this.#pending.longName = longText(bytes);
    else if (this.#metaFlag === 0x4b) this.#pending.longLink = longText(bytes);
    else if (this.#metaFlag === 0x78) this.#pending.pax = parsePaxRecords(bytes);
    else {
      const pax = parsePaxRecords(bytes);
      const decides = pax.path ?? pax.linkPath ?? pax.sizeBytes;
      if (decides !== undefined || pax.isSparse) throw ambiguous('a global PAX header must not name members');
    }
  }

  #startEntry(header: TarHeader): void {
    const entry = this.#describe(header);
    this.#pending = {};
    const wantedBytes = Math.min(this.#visitor.entry(entry), entry.sizeBytes);
    if (header.hasMoreSparseMap) {
      this.#enter('sparse-map', blockBytes, entry.sizeBytes);
      this.#skipBytes = padded(entry.sizeBytes);
      return;
    }
    this.#enter('body', wantedBytes, entry.sizeBytes);
    this.#restBytes = entry.sizeBytes - wantedBytes;
    if (wantedBytes === 0) this.#startSkip();
  }

  #describe(header: TarHeader): TarEntry {
    const { pax, longName, longLink } = this.#pending;
    const rawName = pax?.path ?? longName ?? header.name;
    const rawLink = pax?.linkPath ?? longLink ?? header.linkName;
    this.#checkPathLength(rawName);
    this.#checkPathLength(rawLink);
    const type = typeOf(header.typeFlag, rawName);
    const sizeBytes = sizeOf(header, pax);
    if (type !== 'file' && sizeBytes > 0) throw ambiguous('only a file may have a body');
    const path = cleanPath(rawName);
    if (path === '' && type !== 'directory') throw ambiguous('a member must have a name');
    return {
      path,
      type,
      sizeBytes,
      linkTarget: type === 'hardlink' ? cleanPath(rawLink) : type === 'symlink' ? rawLink : '',
      modifiedAtMs: pax?.modifiedAtMs ?? header.modifiedAtMs,
      isSparse: header.typeFlag === 0x53 || pax?.isSparse === true,
    };
  }

  #checkPathLength(name: string): void {
    // A character of text is at least one byte, so only names near the limit are measured.
    if (name.length * 3 <= this.#limits.pathBytesMax || Buffer.byteLength(name) <= this.#limits.pathBytesMax)
      return;
    throw new ArchiveError(
      'limit:path',
      `Cannot read the archive: a name must not exceed ${this.#limits.pathBytesMax} bytes`,
    );
  }

  #countSparseMap(): void {
    this.#headerCount += 1;
    if (this.#headerCount > this.#limits.entriesMax) {
      throw new ArchiveError(
        'limit:entries',
        `Cannot read the archive: at most ${this.#limits.entriesMax} members`,
      );
    }
  }

  #enter(section: Section, leftBytes: number, bodyBytes: number): void {
    this.#section = section;
    this.#leftBytes = leftBytes;
    this.#skipBytes = padded(bodyBytes) - leftBytes;
  }

  #startRest(): void {
    this.#rest = this.#restBytes === 0 ? undefined : this.#visitor.rest?.();
    if (this.#rest === undefined) {
      this.#startSkip();
      return;
    }
    this.#section = 'rest';
    this.#leftBytes = this.#restBytes;
    this.#skipBytes -= this.#restBytes;
  }

  #takeRest(bytes: Buffer): void {
    this.#rest?.piece(bytes);
    this.#leftBytes -= bytes.length;
    if (this.#leftBytes > 0) return;
    this.#rest?.end();
    this.#rest = undefined;
    this.#startSkip();
  }

  #pass(bytes: number): void {
    this.#leftBytes -= bytes;
    if (this.#leftBytes === 0) this.#section = 'header';
  }

  #startSkip(): void {
    this.#leftBytes = this.#skipBytes;
    this.#section = this.#leftBytes === 0 ? 'header' : 'skip';
  }

  #refusePending(): void {
    const { pax, longName, longLink } = this.#pending;
    if ((pax ?? longName ?? longLink) !== undefined)
      throw ambiguous('a member must follow the header that names it');
  }

  #checkTrailer(chunk: Buffer, position: number): void {
    if (!isZero(chunk, position, chunk.length)) throw ambiguous('nothing may follow the end of the archive');
  }
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

function sizeOf(header: TarHeader, pax: PaxRecords | undefined): number {
  const stated = pax?.sizeBytes;
  if (stated === undefined || stated === header.sizeBytes) return header.sizeBytes;
  // The record exists for sizes that eleven octal digits cannot hold; else it only splits readers (CVE-2025-62518).
  if (stated < 8 ** 11) throw ambiguous('the PAX size of a member must be that of its header');
  return stated;
}

function typeOf(typeFlag: number, name: string): TarEntryType {
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

function longText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  // GNU tar reads on in the padding where there is no NUL.
  if (end < 0 || !isZero(bytes, end, bytes.length))
    throw ambiguous('a long name must end with a NUL, and nothing may follow it');
  return decodeName(bytes, 0, end);
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position += zeros.length) {
    const until = Math.min(end, position + zeros.length);
    if (bytes.compare(zeros, 0, until - position, position, until) !== 0) return false;
  }
  return true;
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
