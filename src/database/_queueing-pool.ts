import pg from 'pg';
import { DatabaseBusyError } from './is-unavailable.ts';
import type { Turn, Turns } from './turns.ts';

type Connected = (error: Error | undefined, client?: pg.PoolClient, release?: unknown) => void;

interface Waiter {
  readonly rank: number;
  readonly go: () => void;
}

export interface QueueingPoolOptions {
  readonly config: pg.PoolConfig;
  /** Absent: everybody has the same rank and patience. */
  readonly turns: Turns | undefined;
  /** Patience of whoever has no turn. */
  readonly patienceMs: number;
}

const defaultRank = 0;
const connectionsMaxDefault = 10;

/**
 * A pool that serves who waits by rank, and refuses with `DatabaseBusyError` who has waited long enough: under overload
 * some are answered in time instead of all too late (threats.md F10).
 */
export class QueueingPool extends pg.Pool {
  readonly #turns: Turns | undefined;
  readonly #patienceMs: number;
  readonly #waiters: Waiter[] = [];
  #free: number;

  constructor({ config, turns, patienceMs }: QueueingPoolOptions) {
    super(config);
    this.#turns = turns;
    this.#patienceMs = patienceMs;
    this.#free = config.max ?? connectionsMaxDefault;
  }

  /** How many wait for a connection. */
  get queueLength(): number {
    return this.#waiters.length;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    const connecting = this.#connect();
    if (callback === undefined) return connecting;
    connecting.then(
      (client) => callback(undefined, client, client.release),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
    return undefined;
  }

  async #connect(): Promise<pg.PoolClient> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#queue(this.#turns?.current());
    try {
      const client = await super.connect();
      const release = client.release;
      client.release = (broken) => {
        this.#giveBack();
        release(broken ?? isStillBusy(client));
      };
      return client;
    } catch (cause) {
      this.#giveBack();
      throw cause;
    }
  }

  async #queue(turn: Turn | undefined): Promise<void> {
    const patienceMs = turn?.patienceMs ?? this.#patienceMs;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { rank: turn?.rank ?? defaultRank, go: resolve };
    const last = this.#waiters.findLastIndex(({ rank }) => rank <= waiter.rank);
    this.#waiters.splice(last + 1, 0, waiter);
    const timer = setTimeout(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      reject(new DatabaseBusyError(Math.round(patienceMs)));
    }, patienceMs);
    turn?.beginWait();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      turn?.endWait();
    }
  }

  #giveBack(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#free += 1;
    else next.go();
  }
}

/** After a query that timed out on our side, its answer may still come: nobody else may get that connection. */
function isStillBusy(client: pg.PoolClient): boolean {
  return 'readyForQuery' in client && client.readyForQuery === false;
}
