/** Looks for any of some texts in bytes that come in pieces, which it does not keep. */
export class MarkSearch {
  isFound = false;
  readonly #marks: readonly Buffer[];
  readonly #seamBytes: number;
  /** The last bytes of what came: a mark may go on in the next piece. */
  #tail = Buffer.alloc(0);

  constructor(marks: readonly Buffer[]) {
    this.#marks = marks;
    this.#seamBytes = Math.max(0, ...marks.map(({ length }) => length - 1));
  }

  take(bytes: Buffer): void {
    if (this.isFound) return;
    const seam = Buffer.concat([this.#tail, bytes.subarray(0, this.#seamBytes)]);
    this.isFound = this.#marks.some((mark) => seam.includes(mark) || bytes.includes(mark));
    const tail = bytes.length < this.#seamBytes ? seam : bytes;
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - this.#seamBytes)));
  }
}
