import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import { canonicalBlobDigest, recordBlobDigests } from './blob-digests.ts';

/** A blob as one repository sees it. */
export interface CatalogBlob {
  /** Of its row: sha256, also when it was asked for by sha512. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Key in the blob store; a later upload of the same digest replaces it. */
  readonly storageKey: string;
}

/** How long a blob is kept for the manifest that will refer to it (threats.md §4: pins). */
export const pinSeconds = 24 * 60 * 60;

/** Undefined unless the repository holds the blob: other repositories' blobs do not exist for it (threats.md A3). */
export async function findBlob(
  db: Database,
  asked: { readonly repositoryId: number; readonly digest: Digest },
): Promise<CatalogBlob | undefined> {
  const digest = await canonicalBlobDigest(db, asked.digest);
  const row = await db
    .selectFrom('repository_blob')
    .innerJoin('blob', 'blob.digest', 'repository_blob.digest')
    .where('repository_blob.repository_id', '=', asked.repositoryId)
    .where('repository_blob.digest', '=', digest)
    .where('blob.state', '=', 'stored')
    .select(['blob.size_bytes', 'blob.storage_key'])
    .executeTakeFirst();
  return row === undefined ? undefined : { digest, sizeBytes: row.size_bytes, storageKey: row.storage_key };
}

/** Where a blob's bytes are, by either digest and whichever repository holds it: for the scan, never for a client. */
export async function locateBlob(db: Database, asked: Digest): Promise<CatalogBlob | undefined> {
  const digest = await canonicalBlobDigest(db, asked);
  const row = await db
    .selectFrom('blob')
    .where('digest', '=', digest)
    .where('state', '=', 'stored')
    .select(['size_bytes', 'storage_key'])
    .executeTakeFirst();
  return row === undefined ? undefined : { digest, sizeBytes: row.size_bytes, storageKey: row.storage_key };
}

/**
 * Records bytes that are durable in the blob store and makes them visible in a repository, pinned. Bytes stored before
 * under the same digest are given up for these, which were just verified: so a push repairs a damaged copy (threats.md
 * F18). Returns the keys that nothing refers to any more, to be deleted after the commit. `digest` is the sha256.
 */
export async function storeBlob(
  transaction: Transaction<Tables>,
  stored: CatalogBlob & {
    readonly repositoryId: number;
    /** Absent: found out later (upkeep/complete-digests.ts). */
    readonly digestSha512?: Digest | undefined;
  },
): Promise<{ readonly replacedKeys: readonly string[] }> {
  const { digest, digestSha512, sizeBytes, storageKey, repositoryId } = stored;
  const replacedKeys: string[] = [];
  // The row may be known by one of the digests alone, so that the conflict may be with either.
  const inserted = await transaction
    .insertInto('blob')
    .values({ digest, digest_sha512: digestSha512 ?? null, size_bytes: sizeBytes, storage_key: storageKey })
    .onConflict((conflict) => conflict.doNothing())
    .returning('digest')
    .executeTakeFirst();
  if (inserted === undefined) {
    const before = await transaction
      .selectFrom('blob')
      .select(['storage_key', 'digest_sha512'])
      .where('digest', '=', digest)
      .forUpdate()
      .executeTakeFirst();
    if (digestSha512 !== undefined && before?.digest_sha512 !== digestSha512) {
      const merged = await recordBlobDigests(transaction, { sha256: digest, sha512: digestSha512 });
      if (merged.replacedKey !== undefined) replacedKeys.push(merged.replacedKey);
    }
    // Deleted between the two statements by the garbage collector, or it was known by its sha512 alone until now.
    if (before === undefined) return await storeBlob(transaction, stored);
    await transaction
      .updateTable('blob')
      .set({
        storage_key: storageKey,
        size_bytes: sizeBytes,
        state: 'stored',
        scrubbed_at: sql<Date>`now()`,
        damaged_at: null,
      })
      .where('digest', '=', digest)
      .execute();
    if (before.storage_key !== storageKey) replacedKeys.push(before.storage_key);
  }
  await linkAndPin(transaction, { repositoryId, digest });
  return { replacedKeys };
}

/**
 * Keeps a repository and its namespace from being deleted while the transaction runs. To be called before it locks anything
 * of theirs: a deletion takes them in this order, and would wait for what waits for it.
 */
export async function holdRepository(transaction: Transaction<Tables>, repositoryId: number): Promise<void> {
  await sql`
    select from namespace n join repository r on r.namespace_id = n.id
    where r.id = ${repositoryId} for key share of n, r`.execute(transaction);
}

/** Makes a stored blob visible in another repository, pinned; false when it is gone. */
export async function mountBlob(
  db: Database,
  mount: { readonly digest: Digest; readonly toRepositoryId: number },
): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('blob')
      .select('digest')
      .where('digest', '=', mount.digest)
      .where('state', '=', 'stored')
      .forShare()
      .executeTakeFirst();
    if (row === undefined) return false;
    await linkAndPin(transaction, { repositoryId: mount.toRepositoryId, digest: mount.digest });
    return true;
  });
}

/**
 * Keeps a blob from collection because a client is about to be told that it is there; false when the repository does not
 * hold it any more. Each call is one claim, which the manifest that comes for it ends: the pushes of several clients
 * that share a layer do not end each other's.
 */
export async function pinBlob(
  db: Database,
  blob: { readonly repositoryId: number; readonly digest: Digest },
): Promise<boolean> {
  // The locks wait for a collector that looks at this blob, and then see what it left (catalog/garbage.ts).
  const result = await sql<{ digest: string }>`
    insert into blob_pin (digest, repository_id, expires_at)
    select b.digest, l.repository_id, now() + make_interval(secs => ${pinSeconds})
    from blob b join repository_blob l on l.digest = b.digest
    where b.digest = ${blob.digest} and l.repository_id = ${blob.repositoryId} and b.state = 'stored'
    for key share of b, l
    on conflict (digest, repository_id) do update
      set expires_at = excluded.expires_at, claims = blob_pin.claims + 1, released_at = null
    returning digest`.execute(db);
  return result.rows.length > 0;
}

/**
 * Says that a deletion gave up what the pins of a manifest's blobs were for: those that nobody comes back to end with the
 * next quiet of the repository (catalog/garbage.ts), not with their day.
 */
export async function releasePins(
  transaction: Transaction<Tables>,
  manifest: { readonly repositoryId: number; readonly digest: Digest },
): Promise<void> {
  await sql`
    update blob_pin set released_at = now()
    where repository_id = ${manifest.repositoryId} and digest in (
      select blob_digest from manifest_blob where manifest_digest = ${manifest.digest})`.execute(transaction);
}

/** Takes a blob out of a repository; its bytes stay for other repositories and the garbage collector. */
export async function unlinkBlob(
  transaction: Transaction<Tables>,
  blob: { readonly repositoryId: number; readonly digest: Digest },
): Promise<boolean> {
  await transaction
    .deleteFrom('blob_pin')
    .where('repository_id', '=', blob.repositoryId)
    .where('digest', '=', blob.digest)
    .execute();
  const result = await transaction
    .deleteFrom('repository_blob')
    .where('repository_id', '=', blob.repositoryId)
    .where('digest', '=', blob.digest)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

async function linkAndPin(
  transaction: Transaction<Tables>,
  blob: { readonly repositoryId: number; readonly digest: Digest },
): Promise<void> {
  await transaction
    .insertInto('repository_blob')
    .values({ repository_id: blob.repositoryId, digest: blob.digest })
    .onConflict((conflict) => conflict.columns(['repository_id', 'digest']).doNothing())
    .execute();
  await pinBlob(transaction, blob);
}
