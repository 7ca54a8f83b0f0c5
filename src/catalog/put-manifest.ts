import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import { blobsOf, childrenOf, type Manifest } from '../oci/manifest.ts';

import type { Tag } from '../oci/names.ts';
import { type HeldContent, lockContent } from './_lock-content.ts';
import { inTransaction, RollBack } from './_transaction.ts';
import { type DecideTagMove, moveTag, type RefusedTagMove } from './tag-moves.ts';

export interface ManifestPush {
  readonly repositoryId: number;
  /** sha256 of `content`; the same bytes under sha512 are the same row. */
  readonly digest: Digest;
  readonly digestSha512: Digest;
  readonly content: Uint8Array;
  readonly manifest: Manifest;
  /** What it is by content, see registry/manifests/classify-manifest.ts. */
  readonly kind: 'image' | 'index' | 'artifact';
  readonly tags: readonly Tag[];
  /** Of the digest that the client named it by; absent when by tag. */
  readonly digestAlgorithm?: 'sha256' | 'sha512';
  readonly pushedBy: string;
  readonly decideTagMove: DecideTagMove;
  /** Told in the transaction, after everything is in place: what it writes lives and dies with the push. */
  readonly onStored: (transaction: Transaction<Tables>, shown: ShownManifest) => Promise<void>;
}

/** A manifest in its repository. */
export interface ShownManifest {
  readonly imageId: number;
  /** False: the repository held it before. Of simultaneous pushes of the same one, it is true for one only. */
  readonly isNew: boolean;
}

export type ManifestPushResult =
  | ({ readonly kind: 'stored' } & ShownManifest)
  | RefusedTagMove
  /** Blobs or child manifests that the repository does not hold. */
  | { readonly kind: 'content-unknown'; readonly digests: readonly Digest[] }
  | {
      readonly kind: 'size-mismatch';
      readonly digest: Digest;
      readonly statedBytes: number;
      readonly storedBytes: number;
    }
  /** Lists within lists, more or deeper than a walk of them goes (threats.md C7). */
  | { readonly kind: 'too-nested'; readonly message: string }
  /** The same bytes are stored as another type, which they keep (threats.md C3). */
  | { readonly kind: 'media-type-conflict'; readonly storedMediaType: string }
  | { readonly kind: 'repository-unknown' };

/**
 * Stores a manifest, makes it visible in its repository and moves its tags, all or nothing in one transaction: blobs are
 * locked against deletion and looked at again, tags are locked before they are decided about, pins end.
 */
export async function putManifest(db: Database, push: ManifestPush): Promise<ManifestPushResult> {
  return await inTransaction<ManifestPushResult>(db, async (transaction) => {
    const repository = await transaction
      .selectFrom('repository')
      .select('id')
      .where('id', '=', push.repositoryId)
      .forKeyShare()
      .executeTakeFirst();
    if (repository === undefined) return { kind: 'repository-unknown' };
    const content = await lockContent(transaction, push);
    if (content.kind !== 'held') return content;
    const conflict = await storeManifest(transaction, push, content);
    if (conflict !== undefined) throw new RollBack(conflict);
    const shown = await showInRepository(transaction, push, content);
    for (const tag of [...new Set(push.tags)].sort()) {
      const refusal = await moveTag(transaction, {
        repositoryId: push.repositoryId,
        tag,
        newDigest: push.digest,
        digestAlgorithm: push.digestAlgorithm ?? 'sha256',
        decide: push.decideTagMove,
      });
      if (refusal !== undefined) throw new RollBack(refusal);
    }
    await push.onStored(transaction, shown);
    return { kind: 'stored', ...shown };
  });
}

/** Returns the conflict when the same bytes are stored under another media type. */
async function storeManifest(
  transaction: Transaction<Tables>,
  push: ManifestPush,
  content: HeldContent,
): Promise<Extract<ManifestPushResult, { kind: 'media-type-conflict' }> | undefined> {
  const { manifest } = push;
  // distribution-spec v1.1 spec.md#listing-referrers: "If the artifactType is empty or missing in the image manifest".
  const artifactType =
    manifest.artifactType || (manifest.kind === 'image' ? manifest.config.mediaType : null);
  const config = manifest.kind === 'index' ? undefined : manifest.config?.digest;
  const inserted = await transaction
    .insertInto('manifest')
    .values({
      digest: push.digest,
      digest_sha512: push.digestSha512,
      media_type: manifest.mediaType,
      kind: push.kind,
      artifact_type: artifactType === null ? null : storable(artifactType),
      config_digest: config === undefined ? null : content.canonical(config),
      subject_digest: manifest.subject?.digest ?? null,
      annotations: manifest.annotations === undefined ? null : asJson(manifest.annotations),
      size_bytes: push.content.length,
      image_size_bytes: content.imageSizeBytes,
      content: Buffer.from(push.content),
    })
    // Of either digest: with one named, pushes of the same bytes at the same moment may meet on the other and fail.
    .onConflict((conflict) => conflict.doNothing())
    .returning('digest')
    .executeTakeFirst();
  if (inserted === undefined) {
    const stored = await transaction
      .selectFrom('manifest')
      .select('media_type')
      .where('digest', '=', push.digest)
      .forShare()
      .executeTakeFirst();
    // Collected between the two statements, because no repository held it.
    if (stored === undefined) return await storeManifest(transaction, push, content);
    return stored.media_type === manifest.mediaType
      ? undefined
      : { kind: 'media-type-conflict', storedMediaType: stored.media_type };
  }
  await insertChildren(transaction, push, content);
  await insertBlobs(transaction, push, content);
  return undefined;
}

/** PostgreSQL binds at most 65,535 values in one statement. */
const rowsPerStatement = 5_000;

async function insertBlobs(
  transaction: Transaction<Tables>,
  push: ManifestPush,
  content: HeldContent,
): Promise<void> {
  const rows = blobsOf(push.manifest).map(({ position, descriptor }) => ({
    manifest_digest: push.digest,
    position,
    blob_digest: content.canonical(descriptor.digest),
    media_type: storable(descriptor.mediaType),
    size_bytes: descriptor.size,
  }));
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await transaction
      .insertInto('manifest_blob')
      .values(rows.slice(start, start + rowsPerStatement))
      .execute();
  }
}

async function insertChildren(
  transaction: Transaction<Tables>,
  push: ManifestPush,
  content: HeldContent,
): Promise<void> {
  const rows = childrenOf(push.manifest).map((descriptor, position) => ({
    parent_digest: push.digest,
    position,
    child_digest: content.canonical(descriptor.digest),
    media_type: storable(descriptor.mediaType),
    platform: descriptor.platform === undefined ? null : asJson(descriptor.platform),
    annotations: descriptor.annotations === undefined ? null : asJson(descriptor.annotations),
  }));
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await transaction
      .insertInto('manifest_child')
      .values(rows.slice(start, start + rowsPerStatement))
      .execute();
  }
}

/** Inserts or, so that deleting the same manifest waits for us, locks the row; ends the pins of the blobs. */
async function showInRepository(
  transaction: Transaction<Tables>,
  push: ManifestPush,
  content: HeldContent,
): Promise<ShownManifest> {
  const { id, is_new: isNew } = await transaction
    .insertInto('repository_manifest')
    .values({
      repository_id: push.repositoryId,
      manifest_digest: push.digest,
      pushed_by: push.pushedBy,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'manifest_digest'])
        .doUpdateSet((eb) => ({ pushed_by: eb.ref('repository_manifest.pushed_by') })),
    )
    .returning(['id', sql<boolean>`xmax = 0`.as('is_new')])
    .executeTakeFirstOrThrow();
  const digests = blobsOf(push.manifest).map(({ descriptor }) => content.canonical(descriptor.digest));
  if (digests.length > 0) {
    // Only this push's own claim ends: another client may have been told of the same blob.
    await sql`
      with ended as (
        delete from blob_pin
        where repository_id = ${push.repositoryId} and digest = any(${digests}::text[]) and claims <= 1)
      update blob_pin set claims = claims - 1
      where repository_id = ${push.repositoryId} and digest = any(${digests}::text[]) and claims > 1`.execute(
      transaction,
    );
  }
  return { imageId: id, isNew };
}

/** PostgreSQL's jsonb and text hold no NUL. */
function asJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('\\u0000', '\\ufffd');
}

function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
