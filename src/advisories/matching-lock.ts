import type pg from 'pg';

/** The key, in SQL, of the lock that packages are matched under: shared, by any number of transactions. */
export const matchingLockKey = `hashtextextended('pratique package matches', 0)`;

/**
 * Called last in the transaction that applies a feed: waits for those that match packages by the version before, so that
 * each matches by one version, and one that comes later sees that there is another (threats.md F25).
 */
export async function awaitMatchers(client: pg.ClientBase): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(${matchingLockKey})`);
}
