/**
 * Answers many lookups with one query each time: those that arrive while queries run wait for the next one. A lookup's
 * query always starts after the lookup was asked for, so that nothing it returns is older than the question.
 */
export class Batcher<Key, Value> {
  readonly #load: (keys: readonly Key[]) => Promise<readonly Value[]>;
  readonly #keySizeMax: number;
  readonly #runningMax: number;
  #waiting: { readonly key: Key; resolve(value: Value): void; reject(error: unknown): void }[] = [];
  #running = 0;
  #isScheduled = false;

  /** `load` returns one value for each key, in their order. */
  constructor(options: {
    readonly load: (keys: readonly Key[]) => Promise<readonly Value[]>;
    readonly keysPerQueryMax: number;
    readonly queriesAtOnceMax: number;
  }) {
    this.#load = options.load;
    this.#keySizeMax = options.keysPerQueryMax;
    this.#runningMax = options.queriesAtOnceMax;
  }

  get(key: Key): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#running >= this.#runningMax || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // After the event loop has read what else has arrived on other connections.
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#keySizeMax);
    this.#running += 1;
    this.#schedule();
    try {
      const values = await this.#load(batch.map((entry) => entry.key));
      for (const [index, entry] of batch.entries()) {
        const value = values[index];
        if (value === undefined)
          entry.reject(new Error('Cannot answer a lookup: the query returned too few rows'));
        else entry.resolve(value);
      }
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      this.#running -= 1;
      this.#schedule();
    }
  }
}
