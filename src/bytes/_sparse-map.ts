import { blockBytes } from './_tar-header.ts';
import { ArchiveError } from './archive-error.ts';

/** Bytes of the file that the archive holds; what lies between two such parts is a hole, which is read as zeros. */
export interface SparsePart {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** threats.md D3. */
export const sparsePartsMax = 10_000;

/** How many parts, then offset and size of each, all decimal in lines of their own, filled up to a whole block. */
export class SparseMapText {
  /** Whether it is read: with the padding behind it. */
  parts: readonly SparsePart[] | undefined;
  sizeBytes = 0;
  readonly #numbers: number[] = [];
  #digits = '';

  /** Where in `bytes` the map ends, or their end. */
  read(bytes: Buffer): number {
    let at = 0;
    for (; at < bytes.length && !this.#isWhole; at += 1) this.#take(bytes[at] ?? 0);
    this.sizeBytes += at;
    if (!this.#isWhole) return at;
    const padding = Math.min(bytes.length - at, (blockBytes - (this.sizeBytes % blockBytes)) % blockBytes);
    this.sizeBytes += padding;
    if (this.sizeBytes % blockBytes === 0) {
      this.parts = Array.from({ length: this.#numbers[0] ?? 0 }, (_, index) => ({
        offset: this.#numbers[2 * index + 1] ?? 0,
        sizeBytes: this.#numbers[2 * index + 2] ?? 0,
      }));
    }
    return at + padding;
  }

  get #isWhole(): boolean {
    const [count] = this.#numbers;
    return count !== undefined && this.#numbers.length === 1 + 2 * count;
  }

  #take(byte: number): void {
    if (byte !== 0x0a) {
      this.#digits += String.fromCharCode(byte);
      if (this.#digits.length <= 16) return;
    }
    const number = plainNumber(this.#digits);
    if (this.#numbers.length === 0 && number > sparsePartsMax) throw tooManyParts();
    this.#numbers.push(number);
    this.#digits = '';
  }
}

/** PAX format 0.1: `<offset>,<size>,<offset>,<size>…` */
export function partsOf(map: string): readonly SparsePart[] {
  const numbers = map === '' ? [] : map.split(',', 2 * sparsePartsMax + 2).map(plainNumber);
  if (numbers.length % 2 > 0) throw ambiguous('the map of a sparse file must be whole');
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    offset: numbers[2 * index] ?? 0,
    sizeBytes: numbers[2 * index + 1] ?? 0,
  }));
}

export function plainNumber(text: string): number {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw ambiguous('a sparse file must state plain numbers');
  return value;
}

export function tooManyParts(): ArchiveError {
  return new ArchiveError(
    'limit:entries',
    `Cannot read the archive: a sparse file must not have more than ${sparsePartsMax} parts`,
  );
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
