import { DatabaseBusyError } from '../database/is-unavailable.ts';

interface Waiter {
  readonly go: () => void;
}

/** Lets so many pieces of work run at once, in order of arrival: costly questions leave connections to all others. */
export class AtMost {
  readonly #patienceMs: number;
  readonly #waiters: Waiter[] = [];
  #free: number;

  constructor(options: { readonly atOnce: number; readonly patienceMs: number }) {
    this.#free = options.atOnce;
    this.#patienceMs = options.patienceMs;
  }

  /** Throws `DatabaseBusyError` when it is not its turn in time. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiters.shift();
      if (next === undefined) this.#free += 1;
      else next.go();
    }
  }

  async #turn(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { go: resolve };
    this.#waiters.push(waiter);
    const timer = setTimeout(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      reject(new DatabaseBusyError(this.#patienceMs));
    }, this.#patienceMs);
    await promise.finally(() => clearTimeout(timer));
  }
}
