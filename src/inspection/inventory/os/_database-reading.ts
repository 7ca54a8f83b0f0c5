import type { Found } from '../found.ts';

/** The largest real databases list some 10,000 packages; a hostile one must not fill the memory. */
const foundMax = 100_000;

/** What is being found in one package database: bounded, and each complaint kept once. */
export class DatabaseReading {
  readonly found: Found[] = [];
  readonly #reasons = new Set<string>();

  add(found: Found): void {
    if (this.found.length < foundMax) this.found.push(found);
    else this.complain(`A package database lists more than ${foundMax} packages and files`);
  }

  complain(reason: string): void {
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.found.push({ kind: 'unreadable', reason });
  }
}

/** The lines of a text one by one, so that a file of nothing but line ends costs no array. */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    yield end === -1 ? text.slice(start) : text.slice(start, end);
    if (end === -1) return;
    start = end + 1;
  }
}
