import { sizeOf, typeOf } from './_member-fields.ts';
import { type PaxRecords, parsePaxRecords } from './_pax-records.ts';
import { type HoleAllowance, type SparseBody, sparseBodyOf } from './_sparse-body.ts';
import { blockBytes, parseSparseBlock, parseTarHeader, type TarHeader } from './_tar-header.ts';
import { ArchiveError } from './archive-error.ts';
import {
  defaultTarLimits,
  type TarBodyRest,
  type TarEntry,
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
  /** Puts the member at hand together, when it is sparse; `#wantedBytes` of its beginning are shown in one piece. */
  #sparse: SparseBody | undefined;
  #wantedBytes = 0;
  readonly #holes: HoleAllowance;
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
    this.#holes = { leftBytes: limits.holeBytesMax };
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
        this.#readSparseMap(bytes, start);
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
    this.#countHeader();
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
      if (decides !== undefined || pax.sparse !== undefined)
        throw ambiguous('a global PAX header must not name members');
    }
  }

  #startEntry(header: TarHeader): void {
    const { pax } = this.#pending;
    const storedBytes = sizeOf(header, pax);
    const sparse = sparseBodyOf(header, pax, storedBytes);
    const entry = this.#describe(header, { storedBytes, sparse });
    this.#pending = {};
    const wantedBytes = Math.min(this.#visitor.entry(entry), entry.sizeBytes);
    if (sparse !== undefined) {
      this.#sparse = sparse;
      this.#wantedBytes = wantedBytes;
      this.#restBytes = storedBytes;
      this.#enter('sparse-map', blockBytes, storedBytes);
      this.#skipBytes = padded(storedBytes);
      if (header.sparse?.hasMore !== true) this.#startSparse(sparse);
      return;
    }
    this.#enter('body', wantedBytes, storedBytes);
    this.#restBytes = storedBytes - wantedBytes;
    if (wantedBytes === 0) this.#startSkip();
  }

  #describe(
    header: TarHeader,
    body: { readonly storedBytes: number; readonly sparse: SparseBody | undefined },
  ): TarEntry {
    const { pax, longName, longLink } = this.#pending;
    const rawName = pax?.path ?? longName ?? header.name;
    const rawLink = pax?.linkPath ?? longLink ?? header.linkName;
    this.#checkPathLength(rawName);
    this.#checkPathLength(rawLink);
    const type = typeOf(header.typeFlag, rawName);
    const { storedBytes, sparse } = body;
    if (type !== 'file' && (storedBytes > 0 || sparse !== undefined))
      throw ambiguous('only a file may have a body');
    const path = cleanPath(rawName);
    if (path === '' && type !== 'directory') throw ambiguous('a member must have a name');
    return {
      path,
      type,
      sizeBytes: sparse?.sizeBytes ?? storedBytes,
      linkTarget: type === 'hardlink' ? cleanPath(rawLink) : type === 'symlink' ? rawLink : '',
      modifiedAtMs: pax?.modifiedAtMs ?? header.modifiedAtMs,
      isSparse: sparse !== undefined,
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

  #readSparseMap(bytes: Buffer, start: number): void {
    const sparse = this.#sparse;
    if (sparse === undefined) return;
    const { parts, hasMore } = parseSparseBlock(bytes, start);
    for (const part of parts) sparse.add(part);
    if (hasMore) this.#countHeader();
    else this.#startSparse(sparse);
  }

  #startSparse(sparse: SparseBody): void {
    this.#sparse = undefined;
    sparse.begin(this.#visitor, this.#wantedBytes, this.#holes);
    if (this.#wantedBytes === 0) this.#startSkip();
    else if (this.#restBytes === 0) {
      sparse.end();
      this.#startSkip();
    } else {
      this.#rest = sparse;
      this.#enterRest();
    }
  }

  #countHeader(): void {
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
    this.#enterRest();
  }

  #enterRest(): void {
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
