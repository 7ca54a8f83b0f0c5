import { sql, type Transaction } from 'kysely';
import { matchingLockKey } from '../../advisories/matching-lock.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';

const lockKey = sql.raw(matchingLockKey);
const detailsKey = sql.raw(`hashtextextended('pratique match details', 0)`);

/**
 * Until the transaction ends, a re-match waits: what is matched or written here is either seen by it, or made of the
 * advisories that it re-matches for. Many hold it at a time.
 */
export async function lockMatching(transaction: Transaction<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${lockKey})`.execute(transaction);
}

/** Waits until every transaction that holds `lockMatching()` has ended; later ones see all that is committed now. */
export async function awaitMatching(db: Database): Promise<void> {
  await db
    .transaction()
    .execute((transaction) => sql`select pg_advisory_xact_lock(${lockKey})`.execute(transaction));
}

/**
 * Until the transaction ends: with `others`, nobody changes or deletes what a match may be made to refer to; `alone`, nobody
 * makes a match refer to anything. Take it after `lockMatching()`.
 */
export async function lockDetails(transaction: Transaction<Tables>, how: 'alone' | 'others'): Promise<void> {
  if (how === 'alone') await sql`select pg_advisory_xact_lock(${detailsKey})`.execute(transaction);
  else await sql`select pg_advisory_xact_lock_shared(${detailsKey})`.execute(transaction);
}
