import { AsyncLocalStorage } from 'node:async_hooks';

/** How somebody waits for a connection when all are in use. */
export interface Turn {
  /** The lowest is served first, those of the same rank in order of arrival. */
  readonly rank: number;
  /** Milliseconds that this request may wait for connections, all its queries together; what is left of them. */
  patienceMs: number;
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
