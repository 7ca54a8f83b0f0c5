import { sql } from 'kysely';
import type pg from 'pg';
import type { Database } from '../../database/database.ts';

/** The key of the lock that lets one replica of an installation synchronise, and follow what that brought, at a time. */
const lockKey = `hashtextextended('pratique advisory synchronisation', 0)`;

/** False: another replica synchronises. The lock goes with the connection. */
export async function takeSyncLock(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${lockKey}) as taken`);
  return rows[0]?.taken === true;
}

export async function freeSyncLock(client: pg.ClientBase): Promise<void> {
  await client.query(`select pg_advisory_unlock(${lockKey})`);
}

/**
 * Whether packages that are of one version of a feed are to be matched by its next, right now. False where a synchronisation
 * that died left that to the next: nobody knows when that will be. False, too, while a feed is followed for the first time:
 * there was no version before.
 */
export async function isUpdateBeingFollowed(db: Database): Promise<boolean> {
  // PostgreSQL shows a 64-bit key as two halves (pg_locks, "objid").
  const { rows } = await sql<{ is_followed: boolean }>`
    select exists (select from pending_change)
      and exists (select from feed where version > matched_version and matched_version > 0) and exists (
      select from pg_locks, (select ${sql.raw(lockKey)} as key) as wanted
      where locktype = 'advisory' and granted and mode = 'ExclusiveLock' and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = key
    ) as is_followed`.execute(db);
  return rows[0]?.is_followed === true;
}
