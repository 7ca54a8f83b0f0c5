import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';

/** The two digests of the same bytes. The row of a blob is that of the first. */
export interface BlobDigests {
  readonly sha256: Digest;
  readonly sha512: Digest;
}

/** The digest of the blob's row, whichever of its digests was asked for; the asked one when no row is known by it. */
export async function canonicalBlobDigest(db: Database, digest: Digest): Promise<Digest> {
  if (digestAlgorithm(digest) === 'sha256') return digest;
  const row = await db
    .selectFrom('blob')
    .select('digest')
    .where('digest_sha512', '=', digest)
    .executeTakeFirst();
  return row === undefined ? digest : (row.digest as Digest); // only parsed digests are written
}

/**
 * Makes the sha512 a second name of a blob, for whatever refers to it already. Where another row stands under that name
 * (before migration 0005 blobs were keyed as they were pushed), its links and pins move over. Returns the key of the copy
 * that is not needed any more, to be deleted after the commit.
 */
export async function recordBlobDigests(
  transaction: Transaction<Tables>,
  { sha256, sha512 }: BlobDigests,
): Promise<{ readonly replacedKey?: string }> {
  const rows = await transaction
    .selectFrom('blob')
    .select(['digest', 'state', 'storage_key'])
    .where('digest', 'in', [sha256, sha512])
    .orderBy('digest')
    .forUpdate()
    .execute();
  const own = rows.find((row) => row.digest === sha256);
  const former = rows.find((row) => row.digest === sha512);
  if (former !== undefined) {
    await sql`update blob set digest_sha512 = null where digest = ${sha512}`.execute(transaction);
    // One that is being collected keeps its row until its bytes are gone.
    if (former.state === 'stored') await mergeRows(transaction, { sha256, sha512 });
  }
  await sql`update blob set digest_sha512 = ${sha512} where digest = ${sha256} and digest_sha512 is null`.execute(
    transaction,
  );
  await sql`update manifest_blob set blob_digest = ${sha256} where blob_digest = ${sha512}`.execute(
    transaction,
  );
  await sql`update manifest set config_digest = ${sha256} where config_digest = ${sha512}`.execute(
    transaction,
  );
  if (own === undefined || former?.state !== 'stored') return {};
  return { replacedKey: own.state === 'stored' ? former.storage_key : own.storage_key };
}

async function mergeRows(transaction: Transaction<Tables>, { sha256, sha512 }: BlobDigests): Promise<void> {
  await sql`
    insert into blob (digest, size_bytes, storage_key, created_at)
    select ${sha256}, size_bytes, storage_key, created_at from blob where digest = ${sha512}
    on conflict (digest) do update set storage_key = excluded.storage_key, state = 'stored'
      where blob.state = 'deleting'`.execute(transaction);
  await sql`
    insert into repository_blob (repository_id, digest, linked_at)
    select repository_id, ${sha256}, linked_at from repository_blob where digest = ${sha512}
    on conflict (repository_id, digest) do nothing`.execute(transaction);
  await sql`
    insert into blob_pin (digest, repository_id, expires_at, claims)
    select ${sha256}, repository_id, expires_at, claims from blob_pin where digest = ${sha512}
    on conflict (digest, repository_id) do update
      set expires_at = greatest(blob_pin.expires_at, excluded.expires_at), claims = blob_pin.claims + excluded.claims`.execute(
    transaction,
  );
  await sql`delete from repository_blob where digest = ${sha512}`.execute(transaction);
  await sql`delete from blob where digest = ${sha512}`.execute(transaction);
}

/** A blob of which only one digest is known. */
export interface IncompleteBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly storageKey: string;
}

/** Blobs of which only one digest is known, the youngest first, without the copies of `except`. */
export async function listIncompleteBlobs(
  db: Database,
  asked: { readonly except: readonly string[]; readonly limit: number },
): Promise<readonly IncompleteBlob[]> {
  const { rows } = await sql<IncompleteBlob>`
    select digest, size_bytes as "sizeBytes", storage_key as "storageKey" from blob
    where state = 'stored' and (digest_sha512 is null or starts_with(digest, 'sha512:'))
      and storage_key <> all(${[...asked.except]}::text[])
    order by created_at desc limit ${asked.limit}`.execute(db);
  return rows;
}
