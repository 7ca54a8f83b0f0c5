import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';

/** A stored copy whose bytes are to be read again. */
export interface DueCopy {
  readonly digest: Digest;
  readonly storageKey: string;
  readonly sizeBytes: number;
}

/** A damaged copy is looked at each day: somebody may have put the file back. */
const againSeconds = 24 * 60 * 60;

/** Copies that were not read for so long, those that waited longest first. */
export async function findDueCopies(
  db: Database,
  options: { readonly cycleSeconds: number; readonly limit: number },
): Promise<readonly DueCopy[]> {
  const { rows } = await sql<DueCopy>`
    select digest, storage_key as "storageKey", size_bytes as "sizeBytes" from (
      select * from blob where state = 'stored' and damaged_at is null
        and scrubbed_at <= now() - make_interval(secs => ${options.cycleSeconds})
      union all
      select * from blob where state = 'stored' and damaged_at is not null
        and scrubbed_at <= now() - make_interval(secs => ${againSeconds})) as due
    order by scrubbed_at limit ${options.limit}`.execute(db);
  return rows;
}

// A push or the collector may have replaced the copy while it was read: then none of these is true of it any more.

export async function noteSound(db: Database, copy: DueCopy): Promise<void> {
  await sql`update blob set scrubbed_at = now(), damaged_at = null
    where digest = ${copy.digest} and storage_key = ${copy.storageKey} and state = 'stored'`.execute(db);
}

/** False when that is known already, or the copy is no longer the one in use. */
export async function noteDamaged(db: Database, copy: DueCopy): Promise<boolean> {
  const { rows } = await sql<{ isNew: boolean }>`
    with before as (
      select digest, damaged_at from blob
      where digest = ${copy.digest} and storage_key = ${copy.storageKey} and state = 'stored' for update)
    update blob b set scrubbed_at = now(), damaged_at = coalesce(before.damaged_at, now())
    from before where b.digest = before.digest
    returning before.damaged_at is null as "isNew"`.execute(db);
  return rows[0]?.isNew === true;
}

/** Not to be tried again for a day. */
export async function postpone(db: Database, copy: DueCopy, cycleSeconds: number): Promise<void> {
  await sql`update blob
    set scrubbed_at = now() - make_interval(secs => ${Math.max(0, cycleSeconds - againSeconds)})
    where digest = ${copy.digest} and storage_key = ${copy.storageKey}`.execute(db);
}

export async function holdersOf(db: Database, digest: string): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select n.name || '/' || r.name as name
    from repository_blob l join repository r on r.id = l.repository_id join namespace n on n.id = r.namespace_id
    where l.digest = ${digest} order by 1 limit 10`.execute(db);
  return rows.map((row) => row.name);
}
