import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { quietMinutes } from './garbage.ts';

// Digests of manifests that went out of a repository and of blobs that were deleted (a trigger and delete-content.ts
// write them). The collector looks at them first, so that what a deletion leaves does not wait for the round over
// all blobs, which takes 50 minutes with a million of them. A row is removed after its look: what is killed in between
// looks again.

export interface DueSuspects {
  /** Rows of the queue. */
  readonly ids: readonly number[];
  /** As they stand in the queue: manifests, and blobs. */
  readonly digests: readonly string[];
  /** The blobs among them, and those of the manifests among them. */
  readonly blobDigests: readonly string[];
}

export async function readDueSuspects(db: Database, limit: number): Promise<DueSuspects> {
  const { rows } = await sql<{ id: number; digest: string }>`
    select id, digest from garbage_suspect where look_at <= now() order by look_at, id limit ${limit}`.execute(
    db,
  );
  const digests = [...new Set(rows.map(({ digest }) => digest))];
  const blobs = await sql<{ digest: string }>`
    select b.digest from blob b where b.digest in (
      select unnest(${digests}::text[])
      union
      select used.blob_digest from manifest_blob used where used.manifest_digest = any(${digests}::text[]))`.execute(
    db,
  );
  return {
    ids: rows.map(({ id }) => id),
    digests,
    blobDigests: blobs.rows.map(({ digest }) => digest),
  };
}

/**
 * Takes rows out of the queue that were looked at. Of their blobs, those that the pin of a finished push still holds
 * come back when that may have ended, and those that others were working with in a minute.
 */
export async function settleSuspects(
  db: Database,
  looked: DueSuspects & { readonly busyDigests: readonly string[] },
): Promise<void> {
  await sql`
    with settled as (delete from garbage_suspect where id = any(${[...looked.ids]}::bigint[]))
    insert into garbage_suspect (digest, look_at)
    select b.digest, now() + make_interval(mins => ${quietMinutes}) from blob b
    where b.digest = any(${[...looked.blobDigests]}::text[])
      and exists (select from blob_pin p where p.digest = b.digest and p.released_at is not null)
    union all
    select busy, now() + interval '1 minute' from unnest(${[...looked.busyDigests]}::text[]) busy`.execute(
    db,
  );
}

/** Says that nothing may hold the blob any more. */
export async function suspectBlob(db: Database, digest: string): Promise<void> {
  await sql`insert into garbage_suspect (digest) values (${digest})`.execute(db);
}
