import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';

// usage of a namespace = namespace_usage.size_bytes + the sum of its rows in namespace_usage_delta
//
// Triggers write the differences (database/migrations/0007-quotas.sql). Who wants room first says so in a row of `upload`
// and commits that, and then looks at the sum. Of those who want room at once, the last to commit sees all the others:
// together they never get more than there is, and no row is locked by two of them. When room is short, each of them may
// be refused, though one alone would have had it.

export interface NamespaceUsage {
  readonly usedBytes: number;
  /** Absent: no limit. */
  readonly quotaBytes?: number;
}

/** Bytes that are wanted are more than the quota leaves. */
export interface OverQuota extends NamespaceUsage {
  readonly kind: 'over-quota';
  readonly quotaBytes: number;
  /** Beyond `usedBytes`. */
  readonly wantedBytes: number;
}

export type Admission = { readonly kind: 'admitted' } | OverQuota;

const admitted: Admission = { kind: 'admitted' };

/** What these namespaces hold and may hold; those that do not exist are absent. */
export async function readUsages(
  db: Database,
  namespaceIds: readonly number[],
): Promise<ReadonlyMap<number, NamespaceUsage>> {
  const { rows } = await sql<{ id: number; usedBytes: number; quotaBytes: number | null }>`
    select n.id, n.quota_bytes as "quotaBytes", (coalesce(u.size_bytes, 0) + coalesce((
      select sum(d.size_bytes) from namespace_usage_delta d where d.namespace_id = n.id), 0))::bigint as "usedBytes"
    from namespace n left join namespace_usage u on u.namespace_id = n.id
    where n.id = any(${[...namespaceIds]}::bigint[])`.execute(db);
  return new Map(
    rows.map(({ id, usedBytes, quotaBytes }) => [
      id,
      { usedBytes, ...(quotaBytes === null ? {} : { quotaBytes }) },
    ]),
  );
}

/** Whether the namespace counts that content already, so that linking it once more needs no room. */
export async function countsContent(
  db: Database,
  content: { readonly namespaceId: number; readonly kind: 'blob' | 'manifest'; readonly digest: Digest },
): Promise<boolean> {
  const row = await db
    .selectFrom('namespace_content')
    .select('digest')
    .where('namespace_id', '=', content.namespaceId)
    .where('digest', '=', content.digest)
    .where('kind', '=', content.kind)
    .executeTakeFirst();
  return row !== undefined;
}

/** Reserves room for an upload to grow up to `totalBytes`, from `reservedBytes` that it has; its lease must be held. */
export async function reserveForUpload(
  db: Database,
  upload: {
    readonly id: string;
    readonly namespaceId: number;
    readonly reservedBytes: number;
    readonly totalBytes: number;
  },
): Promise<Admission> {
  const { id, namespaceId, reservedBytes, totalBytes } = upload;
  const reserve = async (bytes: number) => {
    await db.updateTable('upload').set({ reserved_bytes: bytes }).where('id', '=', id).execute();
  };
  await reserve(totalBytes);
  const admission = await admit(db, { namespaceId, wantedBytes: totalBytes - reservedBytes });
  if (admission.kind === 'over-quota') await reserve(reservedBytes);
  return admission;
}

/** Does `work` with room for so many bytes set aside, or says that there is none; what `work` links counts by itself. */
export async function withReservation<Result>(
  db: Database,
  wanted: { readonly namespaceId: number; readonly repositoryId: number; readonly sizeBytes: number },
  work: () => Promise<Result>,
): Promise<Result | OverQuota> {
  // An upload of nobody's: when this process is killed, it goes as other uploads that nobody touches do.
  const id = randomUUID();
  await db
    .insertInto('upload')
    .values({ id, repository_id: wanted.repositoryId, account_id: null, reserved_bytes: wanted.sizeBytes })
    .execute();
  try {
    const { namespaceId, sizeBytes } = wanted;
    const admission = await admit(db, { namespaceId, wantedBytes: sizeBytes });
    return admission.kind === 'over-quota' ? admission : await work();
  } finally {
    await db.deleteFrom('upload').where('id', '=', id).execute();
  }
}

/** Looks at the sum after the wish was committed. */
async function admit(
  db: Database,
  wish: { readonly namespaceId: number; readonly wantedBytes: number },
): Promise<Admission> {
  const usage = (await readUsages(db, [wish.namespaceId])).get(wish.namespaceId);
  if (usage?.quotaBytes === undefined || usage.usedBytes <= usage.quotaBytes) return admitted;
  const { quotaBytes, usedBytes } = usage;
  const { wantedBytes } = wish;
  return { kind: 'over-quota', quotaBytes, usedBytes: usedBytes - wantedBytes, wantedBytes };
}

/** Folds up to `limit` differences into the sums; returns how many. Several may fold at once. */
export async function foldUsage(db: Database, limit: number): Promise<number> {
  const { rows } = await sql<{ folded: number }>`
    with folded as (
      delete from namespace_usage_delta where id in (
        select id from namespace_usage_delta order by id limit ${limit} for update skip locked)
      returning namespace_id, size_bytes),
    summed as (
      insert into namespace_usage as usage (namespace_id, size_bytes)
      select namespace_id, sum(size_bytes) from folded
      where exists (select from namespace n where n.id = namespace_id)
      group by namespace_id order by namespace_id
      on conflict (namespace_id) do update set size_bytes = usage.size_bytes + excluded.size_bytes)
    select count(*) as folded from folded`.execute(db);
  return rows[0]?.folded ?? 0;
}

/** Whether a refusal is to be recorded as an event: once a minute per namespace, or events would fill the database. */
export async function isRefusalToNote(db: Database, namespaceId: number): Promise<boolean> {
  const { rows } = await sql`
    insert into namespace_usage as usage (namespace_id, refusal_noted_at) values (${namespaceId}, now())
    on conflict (namespace_id) do update set refusal_noted_at = now()
      where coalesce(usage.refusal_noted_at < now() - interval '1 minute', true)
    returning namespace_id`.execute(db);
  return rows.length > 0;
}
