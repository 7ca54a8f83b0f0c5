import type pg from 'pg';
import type { RawRecord } from '../osv/zip-records.ts';
import type { RecordChanges } from './record-update.ts';

/** What became of one record that was offered to a stage. */
export type Staged =
  | { readonly kind: 'ok'; readonly id: string; readonly modifiedAtMs: number }
  | { readonly kind: 'bad'; readonly id: string; readonly reason: string };

export interface ApplyOptions {
  readonly feed: string;
  /** Treat every staged record as changed: what is derived from the records has changed. */
  readonly rewrite: boolean;
  /** Records that are held from this feed, and that it does not list any more. */
  readonly gone: readonly string[];
}

export interface FeedTotals {
  readonly records: number;
  readonly newestAt: Date | undefined;
}

/**
 * Takes the records of one feed into temporary tables and applies them to the stored ones by set operations, inside
 * one transaction of the client.
 */
export interface RecordStage {
  /** Ids held from this feed, with their instants of change in milliseconds. */
  readHeld(client: pg.ClientBase): Promise<ReadonlyMap<string, number>>;
  /** Makes the temporary tables, in the caller's transaction. */
  begin(client: pg.ClientBase): Promise<void>;
  add(raw: RawRecord): Staged;
  /** Sends what was added to the temporary tables; overlaps with the next additions. */
  flush(client: pg.ClientBase): Promise<void>;
  /** Applies what was staged and returns how many records came, changed and went. */
  apply(client: pg.ClientBase, options: ApplyOptions): Promise<RecordChanges>;
  readTotals(client: pg.ClientBase): Promise<FeedTotals>;
}

/** An instant in SQL as whole milliseconds since 1970, as `Date` has them: to read a `Date` of each record takes several times as long. */
export function millisecondsOf(column: string): string {
  return `round(date_part('epoch', date_trunc('milliseconds', ${column})) * 1000)`;
}
