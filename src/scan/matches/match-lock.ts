import { sql, type Transaction } from 'kysely';
import { matchingLockKey } from '../../advisories/matching-lock.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';

const lockKey = sql.raw(matchingLockKey);

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
