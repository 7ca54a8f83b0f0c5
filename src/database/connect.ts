import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { QueueingPool } from './_queueing-pool.ts';
import type { DatabaseConnection } from './database.ts';
import type { Tables } from './tables.ts';
import type { Turns } from './turns.ts';

const connectTimeoutMs = 5_000;

export class NumberTooLargeError extends Error {
  readonly code = 'number_too_large';
  constructor(text: string) {
    super(`Cannot read the bigint "${text}": it must be exact as a number, got one beyond 2^53`);
    this.name = 'NumberTooLargeError';
  }
}

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new NumberTooLargeError(text);
  return value;
}

const bigintArrayOid: number = 1016;
const parseBigintArray: (text: string) => unknown = pg.types.getTypeParser(bigintArrayOid, 'text');

/** Column types that are read otherwise than `pg` does by itself, by type OID (pg_type.dat). */
const textParsers: ReadonlyMap<number, (text: string) => unknown> = new Map<
  number,
  (text: string) => unknown
>([
  [20, parseBigint], // int8: ids, sizes and counts are far below 2^53
  [bigintArrayOid, (text) => [parseBigintArray(text)].flat().map((item) => parseBigint(String(item)))], // int8[]: `pg` gives string[]
  [1082, (text) => text], // date: `pg` would make it midnight in the local time zone
]);

const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const own = format === 'binary' ? undefined : textParsers.get(oid);
    return own ?? pg.types.getTypeParser(oid, format ?? 'text');
  },
};

export interface ConnectOptions {
  /** Who goes first when connections are short; absent: who came first. */
  readonly turns?: Turns;
  /** How long whoever has no turn waits for a connection, in milliseconds. Default 5000. */
  readonly patienceMs?: number;
}

/**
 * Opens a pool (at most 10 connections unless `config` says otherwise); connections are made when first needed.
 * bigint is read as a number (`NumberTooLargeError` beyond 2^53), date as text, timestamptz as Date, bytea as Buffer.
 * No connection in time: `DatabaseBusyError`.
 */
export function connectDatabase(config: pg.PoolConfig, options: ConnectOptions = {}): DatabaseConnection {
  const whole: pg.PoolConfig = {
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ...config,
    types,
  };
  const { turns, patienceMs = connectTimeoutMs } = options;
  const pool = new QueueingPool({ config: whole, turns, patienceMs });
  // A connection that breaks is dropped by the pool, and its query fails; without listeners, one for idle connections
  // and one for those in use, the event would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = async () => {
    // Kysely ends the pool only when it has used it.
    await db.destroy();
    if (!pool.ending) await pool.end();
  };
  const known = turns === undefined ? {} : { turns };
  return { db, pool, config: whole, ...known, waiting: () => pool.queueLength, close };
}
