/** A file kept in memory piece by piece, to be read at any place without being joined into one buffer. */
export class HeldBytes {
  readonly #pieces: Buffer[] = [];
  /** Where each piece starts. */
  readonly #starts: number[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Adds the bytes at the end, themselves and not a copy: half of an image are programs. Nobody may write to them afterwards;
   * what an inflater or a stream of Node's gives out, it does not use again.
   */
  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#starts.push(this.#sizeBytes);
    this.#sizeBytes += bytes.length;
  }

  /** Bytes from `offset` on: fewer than `length` where the file ends before. A view when they lie in one piece. */
  read(offset: number, length: number): Buffer {
    const end = Math.min(this.#sizeBytes, offset + length);
    if (offset < 0 || offset >= end) return Buffer.alloc(0);
    const first = this.#pieceAt(offset);
    const parts: Buffer[] = [];
    for (let index = first, position = offset; position < end; index += 1) {
      const piece = this.#pieces[index];
      if (piece === undefined) break;
      const start = position - (this.#starts[index] ?? 0);
      const part = piece.subarray(start, Math.min(piece.length, start + end - position));
      parts.push(part);
      position += part.length;
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  /** Where `needle` first stands at or after `from` and before `end`, or undefined. Linear; also found across two pieces. */
  indexOf(needle: Buffer, from = 0, end = this.#sizeBytes): number | undefined {
    if (needle.length === 0 || from >= Math.min(end, this.#sizeBytes)) return undefined;
    for (let index = this.#pieceAt(Math.max(0, from)); index < this.#pieces.length; index += 1) {
      const piece = this.#pieces[index];
      const start = this.#starts[index];
      if (piece === undefined || start === undefined || start >= end) break;
      const found = piece
        .subarray(0, end - start + needle.length - 1)
        .indexOf(needle, Math.max(0, from - start));
      if (found >= 0) return start + found;
      const seamStart = Math.max(start, start + piece.length - needle.length + 1, from);
      const seam = this.read(seamStart, start + piece.length - seamStart + needle.length - 1);
      const across = seam.indexOf(needle);
      if (across >= 0 && seamStart + across < end) return seamStart + across;
    }
    return undefined;
  }

  /** All of it in one buffer. */
  whole(): Buffer {
    return this.read(0, this.#sizeBytes);
  }

  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
