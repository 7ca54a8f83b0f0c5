import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';

/** A resumable upload: it belongs to one repository and one account (threats.md A4). */
export interface UploadKey {
  readonly id: string;
  readonly repositoryId: number;
  readonly accountId: number;
}

/** A lease that is not renewed for so long is free for others: its holder died. */
export const leaseSeconds = 15;
const leaseEnd = sql<Date>`now() + make_interval(secs => ${leaseSeconds})`;

const presenceSpace = 0x7072_7570;

/** Run on a session that lives as long as the server of that number: its end, which the kernel sees to, frees the leases. */
export function presenceStatement(holder: number): string {
  return `select pg_advisory_lock_shared(${presenceSpace}, ${holder})`;
}

const holderIsDead = sql<boolean>`
  lease_holder is not null and pg_try_advisory_xact_lock(${sql.lit(presenceSpace)}, lease_holder)`;

/** Most uploads that may be open in a namespace at once, unless another number is given. */
export const openUploadsMaxDefault = 1_000;

/**
 * Opens an upload; false when as many are open in the namespace as may be (threats.md E10). Each counts the others after
 * its own row is committed, so that there are never more, however many come at once.
 */
export async function openUpload(
  db: Database,
  upload: UploadKey,
  openUploadsMax = openUploadsMaxDefault,
): Promise<boolean> {
  await db
    .insertInto('upload')
    .values({ id: upload.id, repository_id: upload.repositoryId, account_id: upload.accountId })
    .execute();
  const { rows } = await sql<{ open: number }>`
    select count(*) as open from (
      select from upload u join repository r on r.id = u.repository_id
      where u.account_id is not null
        and r.namespace_id = (select namespace_id from repository where id = ${upload.repositoryId})
      limit ${openUploadsMax + 1}) as counted`.execute(db);
  if ((rows[0]?.open ?? 0) <= openUploadsMax) return true;
  await db.deleteFrom('upload').where('id', '=', upload.id).execute();
  return false;
}

/** False for an upload of another repository or account, too. */
export async function isUpload(db: Database, upload: UploadKey): Promise<boolean> {
  const row = await matching(db, upload).select('id').executeTakeFirst();
  return row !== undefined;
}

/** A claim to the sole right to work on an upload. */
export interface LeaseClaim {
  /** New for each request. */
  readonly lease: string;
  /** Number of the server, which shows by `presenceStatement()` that it lives; absent: only time tells. */
  readonly holder?: number | undefined;
}

/**
 * Takes the sole right to work on an upload; `busy` while another request, on any replica, holds it. `taken-over`: its
 * holder has not given it back, and died or was silent for too long. It may still write, unless the store cuts it off.
 */
export async function leaseUpload(
  db: Database,
  upload: UploadKey,
  claim: LeaseClaim,
): Promise<'leased' | 'taken-over' | 'busy' | 'unknown'> {
  const lease = () =>
    db
      .updateTable('upload')
      .set({
        lease: claim.lease,
        lease_holder: claim.holder ?? null,
        leased_until: leaseEnd,
        touched_at: sql<Date>`now()`,
      })
      .where('id', '=', upload.id)
      .where('repository_id', '=', upload.repositoryId)
      .where('account_id', '=', upload.accountId);
  const free = await lease().where('lease', 'is', null).executeTakeFirst();
  if (free.numUpdatedRows > 0n) return 'leased';
  const abandoned = await lease()
    .where('lease', 'is not', null)
    .where((eb) => eb.or([eb('leased_until', '<', sql<Date>`now()`), holderIsDead]))
    .executeTakeFirst();
  if (abandoned.numUpdatedRows > 0n) return 'taken-over';
  return (await isUpload(db, upload)) ? 'busy' : 'unknown';
}

/** Keeps a lease for another while; false when it was lost. */
export async function renewLease(
  db: Database,
  upload: { readonly id: string; readonly lease: string },
): Promise<boolean> {
  const result = await db
    .updateTable('upload')
    .set({ leased_until: leaseEnd, touched_at: sql<Date>`now()` })
    .where('id', '=', upload.id)
    .where('lease', '=', upload.lease)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends a lease as if its holder had died: the next one takes it over. */
export async function abandonLease(
  db: Database,
  upload: { readonly id: string; readonly lease: string },
): Promise<void> {
  await db
    .updateTable('upload')
    .set({ leased_until: sql<Date>`'-infinity'` })
    .where('id', '=', upload.id)
    .where('lease', '=', upload.lease)
    .execute();
}

/** Gives the lease back and records how far the upload is, if that is known; false when the lease was lost meanwhile. */
export async function releaseUpload(
  db: Database,
  upload: { readonly id: string; readonly lease: string; readonly offsetBytes: number | undefined },
): Promise<boolean> {
  const result = await db
    .updateTable('upload')
    .set({
      lease: null,
      lease_holder: null,
      leased_until: null,
      ...(upload.offsetBytes === undefined ? {} : { offset_bytes: upload.offsetBytes }),
      reserved_bytes: 0,
      touched_at: sql<Date>`now()`,
    })
    .where('id', '=', upload.id)
    .where('lease', '=', upload.lease)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends an upload; false when there is none of that id under that lease. */
export async function closeUpload(
  db: Database | Transaction<Tables>,
  upload: { readonly id: string; readonly lease: string },
): Promise<boolean> {
  const result = await db
    .deleteFrom('upload')
    .where('id', '=', upload.id)
    .where('lease', '=', upload.lease)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Room that was set aside for a request (catalog/quota.ts) outlives it only when its process was killed. */
const reservationMinutes = 10;

/** Of a row of `upload`: nobody has touched it for so long, and nobody works on it. */
export function uploadIsStale(ttlSeconds: number) {
  return sql`(touched_at < now() - make_interval(secs => ${ttlSeconds})
      or (account_id is null and touched_at < now() - make_interval(mins => ${reservationMinutes})))
    and (leased_until is null or leased_until < now())`;
}

/** Removes uploads that nobody touched for so long and returns their ids, whose bytes are then to be discarded. */
export async function removeStaleUploads(
  db: Database,
  options: { readonly ttlSeconds: number; readonly limit: number },
): Promise<readonly string[]> {
  const result = await sql<{ id: string }>`
    delete from upload where id in (
      select id from upload
      where ${uploadIsStale(options.ttlSeconds)}
      order by touched_at limit ${options.limit} for update skip locked)
    returning id`.execute(db);
  return result.rows.map((row) => row.id);
}

function matching(db: Database, upload: UploadKey) {
  return db
    .selectFrom('upload')
    .where('id', '=', upload.id)
    .where('repository_id', '=', upload.repositoryId)
    .where('account_id', '=', upload.accountId);
}
