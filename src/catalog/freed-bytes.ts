import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';

// How many bytes of the blob store a deletion frees. What anything else holds is not counted: a manifest of another
// repository, or the pin of a push that is under way. What is counted goes with the collector's next rounds.

const heldByManifest = sql`
  exists (select from manifest_blob used
    join repository_manifest held
      on held.manifest_digest = used.manifest_digest and held.repository_id = l.repository_id
    where used.blob_digest = l.digest)`;
const heldByPin = sql`
  exists (select from blob_pin p where p.digest = l.digest and p.repository_id = l.repository_id
    and p.expires_at > now() and p.released_at is null)`;

/** Bytes that go with everything in a namespace, or in one repository; to be asked before it is deleted. */
export async function countOwnBytes(
  db: Database,
  of: { readonly namespaceId: number } | { readonly repositoryId: number },
): Promise<number> {
  const isInside =
    'namespaceId' in of
      ? sql`l.repository_id in (select id from repository where namespace_id = ${of.namespaceId})`
      : sql`l.repository_id = ${of.repositoryId}`;
  const { rows } = await sql<{ total: number }>`
    select coalesce(sum(b.size_bytes), 0)::bigint as total from blob b
    where b.digest in (select l.digest from repository_blob l where ${isInside}) and b.state = 'stored'
      and not exists (select from repository_blob l
        where l.digest = b.digest and not (${isInside}) and (${heldByManifest} or ${heldByPin}))`.execute(db);
  return rows[0]?.total ?? 0;
}

/** Bytes of these blobs, or of those that a manifest refers to, that nothing holds now; to be asked after a deletion. */
export async function countUnheldBytes(
  transaction: Transaction<Tables>,
  of: { readonly manifestDigest: Digest } | { readonly blobDigest: Digest },
): Promise<number> {
  const digests =
    'blobDigest' in of
      ? sql`${of.blobDigest}`
      : sql`select blob_digest from manifest_blob where manifest_digest = ${of.manifestDigest}`;
  const { rows } = await sql<{ total: number }>`
    select coalesce(sum(b.size_bytes), 0)::bigint as total from blob b
    where b.digest in (${digests}) and b.state = 'stored'
      and not exists (select from repository_blob l
        where l.digest = b.digest and (${heldByManifest} or ${heldByPin}))`.execute(transaction);
  return rows[0]?.total ?? 0;
}
