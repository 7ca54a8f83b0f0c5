import type { WriteStream } from 'node:tty';

const intervalMs = 100;

/** One line of a terminal that says what goes on; on anything else than a terminal nothing is written. */
export class ProgressLine {
  readonly #out: WriteStream;
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(out: WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    const nowMs = performance.now();
    if (!this.#out.isTTY || nowMs - this.#shownAtMs < intervalMs) return;
    this.#shownAtMs = nowMs;
    this.#out.write(`\r\u001b[K${text.slice(0, this.#out.columns - 1)}`);
  }

  /** Removes the line, so that a result can be printed. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}
