import type { Pool } from 'pg';

/** The name under which the session of a queue shows that its worker pool lives. */
export function sessionName(poolId: string): string {
  return `pratique queue ${poolId}`;
}

/**
 * A session that said nothing for so long belongs to a server that is stopped or cut off: it speaks every 2 s, see
 * `Notifications`. Its connection alone proves nothing, since the kernel keeps that open.
 */
export const silenceMsMax = 15_000;

/**
 * Frees the jobs of servers that were killed or stand still. graphile-worker itself gives a job up for lost after four
 * hours. Here a worker pool counts as dead when its session (see `sessionName`) was missing or silent in two looks in a
 * row: its connection may just be reconnecting.
 */
export class AbandonedJobs {
  readonly #pool: Pool;
  readonly #silenceMsMax: number;
  #missing: ReadonlySet<string> = new Set();

  constructor(pool: Pool, options: { readonly silenceMsMax: number }) {
    this.#pool = pool;
    this.#silenceMsMax = options.silenceMsMax;
  }

  /** One look; frees what was missing in the last one too. Returns the number of dead worker pools. */
  async look(): Promise<number> {
    const { rows } = await this.#pool.query<{ pool: string }>(
      `select distinct locked_by as pool from graphile_worker.jobs
       where locked_by is not null
         and not exists (
           select from pg_stat_activity where application_name = $1 || locked_by
             and state_change > clock_timestamp() - $2 * interval '1 millisecond')`,
      [sessionName(''), this.#silenceMsMax],
    );
    const missing = new Set(rows.map((row) => row.pool));
    const dead = [...missing].filter((pool) => this.#missing.has(pool));
    if (dead.length > 0) await this.#pool.query('select graphile_worker.force_unlock_workers($1)', [dead]);
    this.#missing = missing;
    return dead.length;
  }
}
