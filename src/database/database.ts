import type { Kysely } from 'kysely';
import type { Pool, PoolConfig } from 'pg';
import type { Tables } from './tables.ts';
import type { Turns } from './turns.ts';

export type Database = Kysely<Tables>;

/** One pool of connections: `db` for typed queries, `pool` for what Kysely cannot say (COPY, sessions of one's own). */
export interface DatabaseConnection {
  readonly db: Database;
  readonly pool: Pool;
  /** Opens further connections to the same database, for example one that listens. */
  readonly config: PoolConfig;
  /** Who goes first when connections are short. */
  readonly turns?: Turns;
  /** How many wait for a connection. */
  waiting(): number;
  /** Waits for running queries to end and closes every connection. */
  close(): Promise<void>;
}
