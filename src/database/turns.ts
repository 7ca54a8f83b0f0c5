import { AsyncLocalStorage } from 'node:async_hooks';

/** How somebody waits for a connection when all are in use. */
export class Turn {
  /** The lowest is served first, those of the same rank in order of arrival. */
  readonly rank: number;
  #patienceMs: number;
  #waits = 0;
  #sinceMs = 0;

  /** `patienceMs` is how long this request may wait for connections, all its queries together. */
  constructor(place: { readonly rank: number; readonly patienceMs: number }) {
    this.rank = place.rank;
    this.#patienceMs = place.patienceMs;
  }

  /** What is left of the patience, in milliseconds. */
  get patienceMs(): number {
    const waitedMs = this.#waits === 0 ? 0 : performance.now() - this.#sinceMs;
    return Math.max(0, this.#patienceMs - waitedMs);
  }

  /** Queries that wait side by side wait once. */
  beginWait(): void {
    if (this.#waits === 0) this.#sinceMs = performance.now();
    this.#waits += 1;
  }

  endWait(): void {
    if (this.#waits === 1) this.#patienceMs = this.patienceMs;
    this.#waits -= 1;
  }
}

/** Whose turn it is in the code that runs, through every promise that it makes. */
export class Turns {
  readonly #current = new AsyncLocalStorage<Turn>();

  run<Result>(turn: Turn, work: () => Result): Result {
    return this.#current.run(turn, work);
  }

  current(): Turn | undefined {
    return this.#current.getStore();
  }
}
