import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';
import { inTransaction, RollBack } from './_transaction.ts';
import { canonicalBlobDigest } from './blob-digests.ts';
import { releasePins, unlinkBlob } from './blobs.ts';
import { countOwnBytes, countUnheldBytes } from './freed-bytes.ts';
import { suspectBlob } from './garbage-queue.ts';
import { type DecideTagMove, decideRemoval, type RefusedTagMove } from './tag-moves.ts';

export type DeleteResult =
  | {
      readonly kind: 'deleted';
      /** Bytes of the blob store that nothing else holds: the collector frees them. */
      readonly freedBytes: number;
    }
  | { readonly kind: 'not-found' }
  | RefusedTagMove;

interface Deletion {
  readonly repositoryId: number;
  readonly decideTagMove: DecideTagMove;
  /** Told in the transaction, after everything is gone: what it writes exists exactly when the deletion does. */
  readonly onDeleted?: (transaction: Transaction<Tables>, freedBytes: number) => Promise<void>;
}

async function deleted(
  transaction: Transaction<Tables>,
  deletion: Deletion,
  freedBytes: number,
): Promise<DeleteResult> {
  await deletion.onDeleted?.(transaction, freedBytes);
  return { kind: 'deleted', freedBytes };
}

/** Deletes one tag; the manifest stays, and so no bytes are freed. */
export async function deleteTag(
  db: Database,
  deletion: Deletion & { readonly tag: Tag },
): Promise<DeleteResult> {
  return await inTransaction<DeleteResult>(db, async (transaction) => {
    const { repositoryId, tag } = deletion;
    const row = await transaction
      .selectFrom('tag')
      .select('manifest_digest')
      .where('repository_id', '=', repositoryId)
      .where('name', '=', tag)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return { kind: 'not-found' };
    const currentDigest = row.manifest_digest as Digest; // only parsed digests are written
    const decision = await deletion.decideTagMove(transaction, { tag, currentDigest });
    if (decision.kind === 'refuse') {
      throw new RollBack({ kind: 'refused', tag, message: decision.message, detail: decision.detail });
    }
    await transaction
      .deleteFrom('tag')
      .where('repository_id', '=', repositoryId)
      .where('name', '=', tag)
      .execute();
    return await deleted(transaction, deletion, 0);
  });
}

/**
 * Takes a manifest out of a repository with the tags that point at it. It is refused when any tag that needs it, also
 * through an index, may not be deleted (threats.md I4, I5).
 */
export async function deleteManifest(
  db: Database,
  deletion: Deletion & { readonly digest: Digest },
): Promise<DeleteResult> {
  return await inTransaction<DeleteResult>(db, async (transaction) => {
    const { repositoryId } = deletion;
    const row = await transaction
      .selectFrom('repository_manifest')
      .innerJoin('manifest', 'manifest.digest', 'repository_manifest.manifest_digest')
      .select('manifest.digest')
      .where('repository_manifest.repository_id', '=', repositoryId)
      .where((eb) =>
        eb.or([
          eb('manifest.digest', '=', deletion.digest),
          eb('manifest.digest_sha512', '=', deletion.digest),
        ]),
      )
      .forUpdate('repository_manifest')
      .executeTakeFirst();
    if (row === undefined) return { kind: 'not-found' };
    const digest = row.digest as Digest; // only parsed digests are written
    const refusal = await decideRemoval(transaction, {
      repositoryId,
      digests: [digest],
      decide: deletion.decideTagMove,
    });
    if (refusal !== undefined) throw new RollBack(refusal);
    await transaction
      .deleteFrom('tag')
      .where('repository_id', '=', repositoryId)
      .where('manifest_digest', '=', digest)
      .execute();
    await transaction
      .deleteFrom('repository_manifest')
      .where('repository_id', '=', repositoryId)
      .where('manifest_digest', '=', digest)
      .execute();
    await releasePins(transaction, { repositoryId, digest });
    return await deleted(
      transaction,
      deletion,
      await countUnheldBytes(transaction, { manifestDigest: digest }),
    );
  });
}

/** Takes a blob out of a repository; refused when a tag that may not be deleted needs a manifest that refers to it. */
export async function deleteBlob(
  db: Database,
  deletion: Deletion & { readonly digest: Digest },
): Promise<DeleteResult> {
  return await inTransaction<DeleteResult>(db, async (transaction) => {
    const { repositoryId } = deletion;
    const digest = await canonicalBlobDigest(transaction, deletion.digest);
    // The blob's row, which a manifest push holds for share: the two cannot pass each other unseen.
    await transaction
      .selectFrom('blob')
      .select('digest')
      .where('digest', '=', digest)
      .forUpdate()
      .executeTakeFirst();
    const referring = await sql<{ digest: Digest }>`
      select distinct used.manifest_digest as digest
      from manifest_blob used
      join repository_manifest held
        on held.manifest_digest = used.manifest_digest and held.repository_id = ${repositoryId}
      where used.blob_digest = ${digest}`.execute(transaction);
    const refusal = await decideRemoval(transaction, {
      repositoryId,
      digests: referring.rows.map((row) => row.digest),
      decide: deletion.decideTagMove,
    });
    if (refusal !== undefined) throw new RollBack(refusal);
    if (!(await unlinkBlob(transaction, { repositoryId, digest }))) return { kind: 'not-found' };
    await suspectBlob(transaction, digest);
    return await deleted(transaction, deletion, await countUnheldBytes(transaction, { blobDigest: digest }));
  });
}

/**
 * Deletes a repository with all that it holds. Refused when a tag of it may not be deleted, unless that is overridden:
 * deleting and pushing again would be a way round tag immutability (threats.md I9).
 */
export async function deleteRepository(
  db: Database,
  deletion: Deletion & { readonly overridesImmutability: boolean },
): Promise<DeleteResult> {
  return await inTransaction<DeleteResult>(db, async (transaction) => {
    const { repositoryId } = deletion;
    // Waits for pushes that are under way, and makes the next ones wait.
    const row = await transaction
      .selectFrom('repository')
      .select('id')
      .where('id', '=', repositoryId)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return { kind: 'not-found' };
    if (!deletion.overridesImmutability) {
      const held = await transaction
        .selectFrom('repository_manifest')
        .select('manifest_digest')
        .where('repository_id', '=', repositoryId)
        .execute();
      const digests = held.map((one) => one.manifest_digest as Digest); // only parsed digests are written
      const refusal = await decideRemoval(transaction, {
        repositoryId,
        digests,
        decide: deletion.decideTagMove,
      });
      if (refusal !== undefined) throw new RollBack(refusal);
    }
    const freedBytes = await countOwnBytes(transaction, { repositoryId });
    await transaction.deleteFrom('repository').where('id', '=', repositoryId).execute();
    return await deleted(transaction, deletion, freedBytes);
  });
}
