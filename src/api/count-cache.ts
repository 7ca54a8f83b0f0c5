import { LRUCache } from 'lru-cache';

const freshMs = 10_000;
const keptMs = 60_000;
const entriesMax = 500;
/** What counts fewer images is counted every time. */
const sizeMin = 1_000;

interface Entry<Counted> {
  readonly counted: Counted;
  readonly atMs: number;
}

/**
 * Counts over very many rows, at most a minute old: after ten seconds one is taken anew while the last is answered. Small
 * ones are not kept. A key says everything that the count depends on but the rows.
 */
export class CountCache<Counted> {
  readonly #now: () => Date;
  readonly #sizeOf: (counted: Counted) => number;
  readonly #entries = new LRUCache<string, Entry<Counted>>({ max: entriesMax });
  readonly #running = new Map<string, Promise<Counted>>();

  constructor(options: { readonly now: () => Date; readonly sizeOf: (counted: Counted) => number }) {
    this.#now = options.now;
    this.#sizeOf = options.sizeOf;
  }

  async of(key: string, count: () => Promise<Counted>): Promise<Counted> {
    const entry = this.#entries.get(key);
    const ageMs = entry === undefined ? Number.POSITIVE_INFINITY : this.#now().getTime() - entry.atMs;
    if (entry !== undefined && ageMs < freshMs) return entry.counted;
    const counting = this.#running.get(key) ?? this.#start(key, count);
    if (entry === undefined || ageMs >= keptMs) return await counting;
    // Who asks next is told of the failure, when the old count has become too old.
    counting.catch(() => {});
    return entry.counted;
  }

  #start(key: string, count: () => Promise<Counted>): Promise<Counted> {
    const counting = count()
      .then((counted) => {
        if (this.#sizeOf(counted) < sizeMin) this.#entries.delete(key);
        else this.#entries.set(key, { counted, atMs: this.#now().getTime() });
        return counted;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, counting);
    return counting;
  }
}
