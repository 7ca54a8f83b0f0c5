import type { PaxRecords } from './_pax-records.ts';
import {
  partsOf,
  plainNumber,
  SparseMapText,
  type SparsePart,
  sparsePartsMax,
  tooManyParts,
} from './_sparse-map.ts';
import type { TarHeader } from './_tar-header.ts';
import { ArchiveError } from './archive-error.ts';
import type { TarBodyRest, TarVisitor } from './tar-entry.ts';

/** Zeros that may still be put in the place of holes, for all members of an archive together. */
export interface HoleAllowance {
  leftBytes: number;
}

const zeros = Buffer.alloc(64 * 1024);

/**
 * Puts the content of a sparse member together: takes the stored bytes, shows the visitor the file with its holes
 * (GNU tar manual, "Storing Sparse Files"; three of its four formats, in the fourth PAX keys occur twice).
 */
export class SparseBody implements TarBodyRest {
  /** Of the file with its holes. */
  readonly sizeBytes: number;
  readonly #storedBytes: number;
  readonly #parts: SparsePart[] = [];
  /** Reads the map that stands before the stored bytes (PAX format 1.0); undefined once it is read, or elsewhere. */
  #mapText: SparseMapText | undefined;
  #visitor: TarVisitor | undefined;
  #holes: HoleAllowance = { leftBytes: 0 };
  /** The beginning that the visitor wants in one piece; undefined once it has it. */
  #head: Buffer | undefined;
  #rest: TarBodyRest | undefined;
  /** Bytes of the file that were shown. */
  #position = 0;
  #partIndex = 0;

  constructor(sizeBytes: number, storedBytes: number, map: readonly SparsePart[] | 'in body') {
    this.sizeBytes = sizeBytes;
    this.#storedBytes = storedBytes;
    if (map === 'in body') this.#mapText = new SparseMapText();
    else for (const part of map) this.add(part);
  }

  /** The next part of the map. */
  add(part: SparsePart): void {
    if (this.#parts.length === sparsePartsMax) throw tooManyParts();
    const last = this.#parts.at(-1);
    if (part.offset < (last === undefined ? 0 : last.offset + last.sizeBytes))
      throw ambiguous('the parts of a sparse file must follow one another');
    if (part.offset + part.sizeBytes > this.sizeBytes)
      throw ambiguous('the parts of a sparse file must lie in it');
    this.#parts.push(part);
  }

  /** Call when the map is complete, unless it is in the body; the stored bytes follow. */
  begin(visitor: TarVisitor, wantedBytes: number, holes: HoleAllowance): void {
    if (this.#mapText === undefined) this.#checkMap(this.#storedBytes);
    this.#visitor = visitor;
    this.#holes = holes;
    if (wantedBytes > 0) this.#head = Buffer.alloc(wantedBytes);
  }

  piece(bytes: Buffer): void {
    let at = this.#mapText === undefined ? 0 : this.#readMap(this.#mapText, bytes);
    while (at < bytes.length && this.#isWanted) {
      const part = this.#parts[this.#partIndex];
      if (part === undefined) return;
      this.#fillTo(part.offset);
      const end = part.offset + part.sizeBytes;
      const piece = bytes.subarray(at, at + end - this.#position);
      at += piece.length;
      this.#show(piece);
      if (this.#position === end) this.#partIndex += 1;
    }
  }

  end(): void {
    if (this.#mapText !== undefined) throw ambiguous('the map of a sparse file must be whole');
    this.#fillTo(this.sizeBytes);
    this.#rest?.end();
  }

  get #isWanted(): boolean {
    return this.#head !== undefined || this.#rest !== undefined;
  }

  #readMap(map: SparseMapText, bytes: Buffer): number {
    const at = map.read(bytes);
    if (map.parts === undefined) return at;
    this.#mapText = undefined;
    for (const part of map.parts) this.add(part);
    this.#checkMap(this.#storedBytes - map.sizeBytes);
    return at;
  }

  #checkMap(storedBytes: number): void {
    if (this.#parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) !== storedBytes)
      throw ambiguous('the parts of a sparse file must be what the archive holds of it');
  }

  #fillTo(end: number): void {
    while (this.#position < end && this.#isWanted) {
      const wantedEnd = Math.min(end, this.#head?.length ?? end);
      const piece = zeros.subarray(0, wantedEnd - this.#position);
      this.#holes.leftBytes -= piece.length;
      if (this.#holes.leftBytes < 0)
        throw new ArchiveError(
          'limit:inflated',
          'Cannot read the archive: its sparse files have too large holes',
        );
      this.#show(piece);
    }
  }

  #show(bytes: Buffer): void {
    const start = this.#position;
    this.#position += bytes.length;
    const head = this.#head;
    if (head === undefined) {
      this.#rest?.piece(bytes);
      return;
    }
    const copied = bytes.copy(head, start);
    if (start + copied < head.length) return;
    this.#head = undefined;
    this.#visitor?.body(head);
    if (head.length === this.sizeBytes) return;
    this.#rest = this.#visitor?.rest?.();
    if (copied < bytes.length) this.#rest?.piece(bytes.subarray(copied));
  }
}

/** What the headers of a member say of its holes; undefined when it has none. Its map may go on in the next blocks. */
export function sparseBodyOf(
  header: TarHeader,
  pax: PaxRecords | undefined,
  storedBytes: number,
): SparseBody | undefined {
  const isGnu = header.sparse !== undefined;
  if (pax?.sparse === undefined) {
    return isGnu ? new SparseBody(header.sparse.sizeBytes, storedBytes, header.sparse.parts) : undefined;
  }
  if (isGnu) throw ambiguous('a member must not be sparse in two ways');
  const { version, size, realSize, map } = pax.sparse;
  // Readers differ in which of two sizes they take.
  if (size !== undefined && realSize !== undefined) throw ambiguous('a sparse file must have one size');
  if (version === '1.0' && realSize !== undefined && map === undefined)
    return new SparseBody(plainNumber(realSize), storedBytes, 'in body');
  if (version === '' && size !== undefined && map !== undefined)
    return new SparseBody(plainNumber(size), storedBytes, partsOf(map));
  throw ambiguous('a sparse file must be of a known format');
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
