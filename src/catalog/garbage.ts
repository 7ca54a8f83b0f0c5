import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { pinSeconds } from './blobs.ts';
import { uploadIsStale } from './uploads.ts';

// What holds a blob (threats.md §4):
//
//   manifest ── repository_manifest ─┐
//       └────── manifest_blob ───────┴─ holds ─▶ repository_blob ── holds ─▶ blob
//   blob_pin (alive) ────────────────── holds ─▶ both
//
// Collection takes links that nothing holds, then blobs without links, then the bytes. It locks a blob's row before it
// looks a last time; whoever tells a client that a blob is there locks the same row, so one of the two sees the other.

export interface StoredCopy {
  readonly digest: string;
  readonly storageKey: string;
  readonly sizeBytes: number;
}

/** A blob of which a link or all is garbage, as far as can be told without locks. */
export interface Suspect {
  readonly digest: string;
  /** Whose links are. */
  readonly repositoryIds: readonly number[];
}

/** A part of the blobs in the order of their digests. */
export interface GarbageChunk {
  /** Where the next chunk begins; undefined after the last. */
  readonly lastDigest: string | undefined;
  readonly suspects: readonly Suspect[];
  /** Those of them that nothing will hold at all once the garbage links are gone. */
  readonly unheld: readonly StoredCopy[];
  /** Those that are marked already. */
  readonly marked: readonly StoredCopy[];
}

/** A repository that nobody pushes to for so long is quiet. */
export const quietMinutes = 10;

/**
 * Of a row `p` of `blob_pin`: it holds. One that a deletion released holds only until its repository is quiet: whoever was
 * told of the blob and has not finished his push sends other blobs meanwhile, or asks for them.
 */
const pinIsAlive = sql`p.expires_at > now() and (p.released_at is null
  or p.released_at > now() - make_interval(mins => ${quietMinutes})
  or exists (select from upload u where u.repository_id = p.repository_id
    and u.touched_at > now() - make_interval(mins => ${quietMinutes}))
  or exists (select from blob_pin other where other.repository_id = p.repository_id
    and other.expires_at > now() + make_interval(secs => ${pinSeconds - quietMinutes * 60})))`;

/** In more manifests than these a blob is a base layer: nearly all of its links are needed, by any manifest of theirs. */
const fewManifestsMax = 1_000;

/**
 * Of a link `l` whose blob very many manifests have: one of its repository does. The first that is met ends the search;
 * a subquery with a limit, so that PostgreSQL does not join all of them, and with an expression that only the index by
 * manifest fits: the one by blob would meet all of its manifests for each link.
 */
const isNeededOfMany = sql`coalesce((
  select true from repository_manifest held
  where held.repository_id = l.repository_id and coalesce((
    select true from manifest_blob used
    where used.manifest_digest = held.manifest_digest and used.blob_digest || '' = l.digest limit 1), false)
  limit 1), false)`;

const isNeededOfFew = sql`exists (
  select from manifest_blob used join repository_manifest held on held.manifest_digest = used.manifest_digest
  where used.blob_digest = l.digest and held.repository_id = l.repository_id)`;

/** Links of the blobs of `width` that a manifest of their repository needs, worked out once. */
const neededLinks = sql`
  select distinct used.blob_digest as digest, held.repository_id
  from width join manifest_blob used on used.blob_digest = width.digest
  join repository_manifest held on held.manifest_digest = used.manifest_digest
  where not width.is_wide
  union all
  select l.digest, l.repository_id from width join repository_blob l on l.digest = width.digest
  where width.is_wide and ${isNeededOfMany}`;

const pinnedLinks = (digests: RawBuilder<unknown>) => sql`
  select p.digest, p.repository_id from blob_pin p where p.digest in (${digests}) and ${pinIsAlive}`;

/** Of a statement's `chunk`: whether very many manifests have the blob. */
const width = sql`width as materialized (
  select digest, (select count(*) from (
    select from manifest_blob used where used.blob_digest = chunk.digest limit ${fewManifestsMax + 1}) counted
  ) > ${fewManifestsMax} as is_wide from chunk)`;

/** Looks at up to `limit` stored blobs after `after`, without locks: what it finds is to be looked at again. */
export async function findGarbage(
  db: Database,
  chunk: { readonly after: string; readonly limit: number },
): Promise<GarbageChunk> {
  const rows = await lookAt(db, sql`where digest > ${chunk.after} order by digest limit ${chunk.limit}`);
  return { ...toChunk(rows), lastDigest: rows.length < chunk.limit ? undefined : rows.at(-1)?.digest };
}

/** Looks at these blobs. */
export async function findGarbageOf(
  db: Database,
  digests: readonly string[],
): Promise<Omit<GarbageChunk, 'lastDigest'>> {
  return toChunk(await lookAt(db, sql`where digest = any(${[...digests]}::text[])`));
}

type LookedAt = StoredCopy & {
  readonly repositoryIds: readonly number[];
  readonly suspect: boolean;
  readonly unheld: boolean;
  readonly marked: boolean;
};

/** Links are looked up blob by blob, behind "offset 0": PostgreSQL would read those of all blobs for each chunk. */
async function lookAt(db: Database, which: RawBuilder<unknown>): Promise<readonly LookedAt[]> {
  const { rows } = await sql<LookedAt>`
    with chunk as materialized (select digest, storage_key, size_bytes, state from blob ${which}), ${width},
    pinned as materialized (${pinnedLinks(sql`select digest from chunk`)}),
    held as materialized (${neededLinks} union select digest, repository_id from pinned),
    linked as (
      select l.digest, count(held.digest) as held,
        array_agg(l.repository_id) filter (where held.digest is null) as garbage
      from chunk cross join lateral (
        select digest, repository_id from repository_blob where digest = chunk.digest offset 0) l
      left join held on held.digest = l.digest and held.repository_id = l.repository_id
      group by l.digest)
    select b.digest, b.storage_key as "storageKey", b.size_bytes as "sizeBytes", b.state = 'deleting' as marked,
      coalesce(linked.garbage, '{}') as "repositoryIds",
      b.state = 'stored' and (linked.digest is null or linked.garbage is not null) as suspect,
      b.state = 'stored' and coalesce(linked.held, 0) = 0
        and not exists (select from pinned where pinned.digest = b.digest) as unheld
    from chunk b left join linked on linked.digest = b.digest order by b.digest`.execute(db);
  return rows;
}

function toChunk(rows: readonly LookedAt[]): Omit<GarbageChunk, 'lastDigest'> {
  return {
    suspects: rows.filter((row) => row.suspect),
    unheld: rows.filter((row) => row.unheld),
    marked: rows.filter((row) => row.marked),
  };
}

/**
 * Takes the garbage links of these blobs away and marks the blobs that nothing holds any more as `deleting`. Rows that
 * others work with are left for the next time; one statement at most waits. `onLocked` is told while the rows are held.
 */
export async function markGarbage(
  db: Database,
  suspects: readonly Suspect[],
  onLocked: () => Promise<void> | void = () => {},
): Promise<{ readonly linkCount: number; readonly marked: readonly StoredCopy[] }> {
  return await db.transaction().execute(async (transaction) => {
    await boundWaits(transaction);
    const locked = await sql<{ digest: string }>`
      select digest from blob where digest = any(${suspects.map(({ digest }) => digest)}::text[]) and state = 'stored'
      order by digest for update skip locked`.execute(transaction);
    await onLocked();
    // A new statement sees what was committed before the locks were had.
    const held = locked.rows.map((row) => row.digest);
    const isHeld = new Set(held);
    const links = await removeLinks(
      transaction,
      suspects.filter(({ digest }) => isHeld.has(digest)),
    );
    await sql`delete from blob_pin p where p.digest = any(${held}::text[]) and not (${pinIsAlive})`.execute(
      transaction,
    );
    const marked = await sql<StoredCopy>`
      update blob b set state = 'deleting'
      where b.digest = any(${held}::text[])
        and not exists (select from blob_pin p where p.digest = b.digest and ${pinIsAlive})
        and not exists (select from repository_blob l where l.digest = b.digest)
      returning b.digest, b.storage_key as "storageKey", b.size_bytes as "sizeBytes"`.execute(transaction);
    return { linkCount: Number(links.numAffectedRows ?? 0n), marked: marked.rows };
  });
}

/** Only links that the look found are looked at again: a base layer has thousands that are needed. */
async function removeLinks(
  transaction: Transaction<Tables>,
  suspects: readonly Suspect[],
): Promise<{ readonly numAffectedRows?: bigint }> {
  const links = suspects.flatMap(({ digest, repositoryIds }) => repositoryIds.map((id) => ({ digest, id })));
  return await sql`
    with chunk as (select unnest(${suspects.map(({ digest }) => digest)}::text[]) as digest), ${width},
    suspected as materialized (
      select digest, repository_id from unnest(${links.map(({ digest }) => digest)}::text[],
        ${links.map(({ id }) => id)}::bigint[]) as s (digest, repository_id)),
    kept as materialized (
      select l.digest, l.repository_id from suspected l join width on width.digest = l.digest
      where case when is_wide then ${isNeededOfMany} else ${isNeededOfFew} end
      union ${pinnedLinks(sql`select digest from chunk`)})
    delete from repository_blob l using suspected s
    where l.digest = s.digest and l.repository_id = s.repository_id and not exists (
      select from kept where kept.digest = l.digest and kept.repository_id = l.repository_id)`.execute(
    transaction,
  );
}

/** Copies whose bytes are to be removed, also those that a collector left that was killed. */
export async function listMarked(db: Database, limit: number): Promise<readonly StoredCopy[]> {
  const { rows } = await sql<StoredCopy>`
    select digest, storage_key as "storageKey", size_bytes as "sizeBytes"
    from blob where state = 'deleting' order by digest limit ${limit}`.execute(db);
  return rows;
}

/** Forgets a marked blob whose bytes are gone, and what an inspection found in it; false when a push has stored it again meanwhile, under another key. */
export async function forgetMarked(db: Database, copy: StoredCopy): Promise<boolean> {
  const { rows } = await sql`
    with gone as (
      delete from blob where digest = ${copy.digest} and state = 'deleting' and storage_key = ${copy.storageKey}
      returning digest),
    uninspected as (delete from layer_inspection where blob_digest in (select digest from gone)),
    unlooked as (delete from layer_malware where blob_digest in (select digest from gone))
    select digest from gone`.execute(db);
  return rows.length > 0;
}

export interface UnheldManifests {
  /** Where the next chunk begins; undefined after the last. */
  readonly lastDigest: string | undefined;
  readonly manifests: readonly { readonly digest: string; readonly sizeBytes: number }[];
}

/** Looks at up to `limit` manifests after `after` for those that no repository holds. Untagged ones are held. */
export async function findUnheldManifests(
  db: Database,
  chunk: { readonly after: string; readonly limit: number },
): Promise<UnheldManifests> {
  const { rows } = await sql<{ digest: string; sizeBytes: number; unheld: boolean }>`
    select m.digest, m.size_bytes as "sizeBytes",
      not exists (select from repository_manifest held where held.manifest_digest = m.digest) as unheld
    from manifest m where m.digest > ${chunk.after} order by m.digest limit ${chunk.limit}`.execute(db);
  return {
    lastDigest: rows.length < chunk.limit ? undefined : rows.at(-1)?.digest,
    manifests: rows.filter((row) => row.unheld),
  };
}

/** Removes those of the manifests that no repository holds, with what scans said of them; returns what is gone. */
export async function removeUnheldManifests(
  db: Database,
  digests: readonly string[],
): Promise<readonly { readonly digest: string; readonly sizeBytes: number }[]> {
  return await db.transaction().execute(async (transaction) => {
    await boundWaits(transaction);
    const locked = await sql<{ digest: string }>`
      select digest from manifest where digest = any(${[...digests]}::text[])
      order by digest for update skip locked`.execute(transaction);
    const { rows } = await sql<{ digest: string; sizeBytes: number }>`
      delete from manifest m where m.digest = any(${locked.rows.map((row) => row.digest)}::text[])
        and not exists (select from repository_manifest held where held.manifest_digest = m.digest)
        and not exists (select from tag where tag.manifest_digest = m.digest)
      returning m.digest, m.size_bytes as "sizeBytes"`.execute(transaction);
    return rows;
  });
}

/**
 * Of the keys that the store has: those that no blob row names and whose upload has ended, so that nothing will ever
 * name them. List the store first and ask then: a commit ends the upload and makes the row at one moment.
 */
export async function unknownKeys(
  db: Database,
  keys: readonly { readonly key: string; readonly uploadId: string }[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    select f.key
    from unnest(${keys.map(({ key }) => key)}::text[], ${keys.map(({ uploadId }) => uploadId)}::uuid[])
      as f (key, upload_id)
    where not exists (select from blob b where b.storage_key = f.key)
      and not exists (select from upload u where u.id = f.upload_id)`.execute(db);
  return rows.map((row) => row.key);
}

/** Uploads that nobody touched for so long: what `removeStaleUploads()` would remove. */
export async function listStaleUploads(db: Database, ttlSeconds: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id::text from upload where ${uploadIsStale(ttlSeconds)}`.execute(db);
  return rows.map((row) => row.id);
}

/** Of the uploads that the store has: those without a row, last touched longer ago than `graceSeconds` by the database's clock. */
export async function unknownUploads(
  db: Database,
  asked: {
    readonly uploads: readonly { readonly uploadId: string; readonly touchedAt: Date }[];
    readonly graceSeconds: number;
  },
): Promise<readonly string[]> {
  const { uploads, graceSeconds } = asked;
  const { rows } = await sql<{ id: string }>`
    select f.id::text
    from unnest(${uploads.map(({ uploadId }) => uploadId)}::uuid[],
      ${uploads.map(({ touchedAt }) => touchedAt.toISOString())}::timestamptz[]) as f (id, touched_at)
    where f.touched_at < now() - make_interval(secs => ${graceSeconds})
      and not exists (select from upload u where u.id = f.id)`.execute(db);
  return rows.map((row) => row.id);
}

/**
 * A collector never makes others wait: it gives up before PostgreSQL looks for deadlocks (1 s), and one that stands still
 * in a transaction loses it after 5 s (threats.md §4: a push waits at most so long for a row).
 */
async function boundWaits(transaction: Transaction<Tables>): Promise<void> {
  await sql`set local lock_timeout = '300ms'`.execute(transaction);
  await sql`set local statement_timeout = '4s'`.execute(transaction);
  await sql`set local idle_in_transaction_session_timeout = '5s'`.execute(transaction);
}
