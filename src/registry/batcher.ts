import { DatabaseBusyError } from '../database/is-unavailable.ts';
import { Turn, type Turns } from '../database/turns.ts';

interface Waiting<Key, Value> {
  readonly key: Key;
  readonly turn: Turn | undefined;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Who has less left has waited long enough. */
const patienceMsMin = 10;

/**
 * Answers many lookups with one query each time: those that arrive while queries run wait for the next one. A lookup's
 * query always starts after the lookup was asked for, so that nothing it returns is older than the question. A query waits for its connection by the best rank and
 * the least patience of those it is for; when it is shed, the others of them ask again.
 */
export class Batcher<Key, Value> {
  readonly #load: (keys: readonly Key[]) => Promise<readonly Value[]>;
  readonly #keySizeMax: number;
  readonly #runningMax: number;
  readonly #turns: Turns | undefined;
  #waiting: Waiting<Key, Value>[] = [];
  #running = 0;
  #isScheduled = false;

  /** `load` returns one value for each key, in their order. */
  constructor(options: {
    readonly load: (keys: readonly Key[]) => Promise<readonly Value[]>;
    readonly keysPerQueryMax: number;
    readonly queriesAtOnceMax: number;
    readonly turns?: Turns | undefined;
  }) {
    this.#load = options.load;
    this.#keySizeMax = options.keysPerQueryMax;
    this.#runningMax = options.queriesAtOnceMax;
    this.#turns = options.turns;
  }

  async get(key: Key): Promise<Value> {
    const turn = this.#turns?.current();
    turn?.beginWait();
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.push({ key, turn, resolve, reject });
        this.#schedule();
      });
    } finally {
      turn?.endWait();
    }
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
      const keys = batch.map((entry) => entry.key);
      const values = await this.#inTurn(batch, () => this.#load(keys));
      for (const [index, entry] of batch.entries()) {
        const value = values[index];
        if (value === undefined)
          entry.reject(new Error('Cannot answer a lookup: the query returned too few rows'));
        else entry.resolve(value);
      }
    } catch (error) {
      const patient = error instanceof DatabaseBusyError ? batch.filter(isPatient) : [];
      for (const entry of batch) if (!patient.includes(entry)) entry.reject(error);
      this.#waiting.unshift(...patient);
    } finally {
      this.#running -= 1;
      this.#schedule();
    }
  }

  #inTurn<Result>(batch: readonly Waiting<Key, Value>[], work: () => Result): Result {
    const turns = batch.flatMap(({ turn }) => turn ?? []);
    if (this.#turns === undefined || turns.length < batch.length) return work();
    const rank = Math.min(...turns.map((turn) => turn.rank));
    const patienceMs = Math.min(...turns.map((turn) => turn.patienceMs));
    return this.#turns.run(new Turn({ rank, patienceMs }), work);
  }
}

function isPatient({ turn }: Waiting<unknown, never>): boolean {
  return turn !== undefined && turn.patienceMs >= patienceMsMin;
}
