import { LRUCache } from 'lru-cache';

const freshMsDefault = 10_000;
const keptMsDefault = 60_000;
const entriesMax = 2_000;
/** What counts fewer images is counted every time. */
const sizeMin = 1_000;

interface Entry<Counted> {
  readonly counted: Counted;
  readonly atMs: number;
  /** How long it is answered before it is taken anew. */
  readonly freshMs: number;
}

/** What takes long to count is taken anew after so many times as long, so that it costs a twentieth of the time. */
const timesAsLong = 20;
/** And in time for who asks again not to wait for it. */
const keptShareMax = 0.75;

type CountMany<Counted> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Counted>>;

/**
 * Counts over very many rows, by default at most a minute old: after ten seconds, or after twenty times as long as it takes where that
 * is longer, one is taken anew while the last is answered. Small
 * ones are not kept. A key says everything that the count depends on but the rows.
 */
export class CountCache<Counted> {
  readonly #now: () => Date;
  readonly #sizeOf: (counted: Counted) => number;
  readonly #freshMs: number;
  readonly #keptMs: number;
  readonly #entries = new LRUCache<string, Entry<Counted>>({ max: entriesMax });
  readonly #running = new Map<string, Promise<ReadonlyMap<string, Counted>>>();

  constructor(options: {
    readonly now: () => Date;
    readonly sizeOf: (counted: Counted) => number;
    /** Older ones are taken anew while the last is answered; default 10 s. */
    readonly freshMs?: number;
    /** Older ones are waited for; default 60 s. */
    readonly keptMs?: number;
  }) {
    this.#now = options.now;
    this.#sizeOf = options.sizeOf;
    this.#freshMs = options.freshMs ?? freshMsDefault;
    this.#keptMs = options.keptMs ?? keptMsDefault;
  }

  async of(key: string, count: () => Promise<Counted>): Promise<Counted> {
    const counted = await this.ofMany([key], async () => new Map([[key, await count()]]));
    const [only] = counted.values();
    return only as Counted; // ofMany() has every key that was counted
  }

  /** The counts of several keys, by one call of `count` for those that are due; they are small when they are so together. */
  async ofMany(keys: readonly string[], count: CountMany<Counted>): Promise<ReadonlyMap<string, Counted>> {
    const nowMs = this.#now().getTime();
    const kept = new Map<string, Entry<Counted>>();
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && nowMs - entry.atMs < this.#keptMs) kept.set(key, entry);
    }
    if (this.#isSmall([...kept.values()].map(({ counted }) => counted))) kept.clear();
    const due = keys.filter((key) => {
      const entry = kept.get(key);
      return entry === undefined || nowMs - entry.atMs >= entry.freshMs;
    });
    const missing = new Set(due.filter((key) => !kept.has(key)));
    const counting = this.#start(due, count);
    // Who asks next is told of the failure, when the old count has become too old.
    for (const one of counting) one.catch(() => {});
    const answer = new Map([...kept].map(([key, { counted }]) => [key, counted]));
    if (missing.size > 0) {
      for (const counted of await Promise.all(counting))
        for (const [key, one] of counted) if (missing.has(key)) answer.set(key, one);
    }
    return answer;
  }

  /** What counts these keys, begun here or before. */
  #start(
    due: readonly string[],
    count: CountMany<Counted>,
  ): readonly Promise<ReadonlyMap<string, Counted>>[] {
    const idle = due.filter((key) => !this.#running.has(key));
    if (idle.length > 0) {
      const startedMs = this.#now().getTime();
      const counting = count(idle)
        .then((counted) => {
          const isSmall = this.#isSmall([...counted.values()]);
          const atMs = this.#now().getTime();
          const longMs = Math.min(timesAsLong * (atMs - startedMs), this.#keptMs * keptShareMax);
          const freshMs = Math.max(this.#freshMs, longMs);
          for (const [key, one] of counted) {
            if (isSmall) this.#entries.delete(key);
            else this.#entries.set(key, { counted: one, atMs, freshMs });
          }
          return counted;
        })
        .finally(() => {
          for (const key of idle) this.#running.delete(key);
        });
      for (const key of idle) this.#running.set(key, counting);
    }
    return [...new Set(due.flatMap((key) => this.#running.get(key) ?? []))];
  }

  #isSmall(counted: readonly Counted[]): boolean {
    return counted.reduce((sum, one) => sum + this.#sizeOf(one), 0) < sizeMin;
  }
}
