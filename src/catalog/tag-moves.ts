import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';

export type TagMoveDecision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'refuse'; readonly message: string; readonly detail: unknown };

export interface ProposedTagMove {
  readonly tag: Tag;
  /** Absent when the tag is new. */
  readonly currentDigest?: Digest;
  /** Absent when the tag, or something that it needs, is deleted. */
  readonly newDigest?: Digest;
}

/** Asked in the transaction that moves or deletes a tag, after the tag's row is locked (registry/guards.ts). */
export type DecideTagMove = (
  transaction: Transaction<Tables>,
  move: ProposedTagMove,
) => Promise<TagMoveDecision>;

export interface RefusedTagMove {
  readonly kind: 'refused';
  readonly tag: Tag;
  readonly message: string;
  readonly detail: unknown;
}

/**
 * Points a tag at a manifest. The unique key (repository, tag) decides between racing first pushes: the second waits for
 * the first's commit, then finds the tag taken and is asked about as a move (semantics.md §4).
 */
export async function moveTag(
  transaction: Transaction<Tables>,
  move: {
    readonly repositoryId: number;
    readonly tag: Tag;
    readonly newDigest: Digest;
    /** Of the digest that the client named the manifest by. */
    readonly digestAlgorithm: 'sha256' | 'sha512';
    readonly decide: DecideTagMove;
  },
): Promise<RefusedTagMove | undefined> {
  const { repositoryId, tag, newDigest, digestAlgorithm } = move;
  const inserted = await transaction
    .insertInto('tag')
    .values({
      repository_id: repositoryId,
      name: tag,
      manifest_digest: newDigest,
      digest_algorithm: digestAlgorithm,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
    .returning('name')
    .executeTakeFirst();
  if (inserted !== undefined) return refusalOf(tag, await move.decide(transaction, { tag, newDigest }));
  const current = await transaction
    .selectFrom('tag')
    .select('manifest_digest')
    .where('repository_id', '=', repositoryId)
    .where('name', '=', tag)
    .forUpdate()
    .executeTakeFirst();
  if (current === undefined) return await moveTag(transaction, move); // deleted between the two statements
  const currentDigest = current.manifest_digest as Digest; // only parsed digests are written
  const refusal = refusalOf(tag, await move.decide(transaction, { tag, currentDigest, newDigest }));
  if (refusal !== undefined) return refusal;
  if (currentDigest !== newDigest) {
    await transaction
      .updateTable('tag')
      .set({
        manifest_digest: newDigest,
        digest_algorithm: digestAlgorithm,
        updated_at: sql<Date>`now()`,
      })
      .where('repository_id', '=', repositoryId)
      .where('name', '=', tag)
      .execute();
  }
  return undefined;
}

/**
 * Asks for every tag of the repository that needs one of these manifests: that points at it, or at an index that holds
 * it at any depth. Their rows are locked, in order of their names.
 */
export async function decideRemoval(
  transaction: Transaction<Tables>,
  removal: {
    readonly repositoryId: number;
    readonly digests: readonly Digest[];
    readonly decide: DecideTagMove;
  },
): Promise<RefusedTagMove | undefined> {
  if (removal.digests.length === 0) return undefined;
  const holding = await sql<{ name: Tag; manifest_digest: Digest }>`
    with recursive holder (digest) as (
      select unnest(${[...removal.digests]}::text[])
      union
      select child.parent_digest
      from holder
      join manifest_child child on child.child_digest = holder.digest
      join repository_manifest held
        on held.manifest_digest = child.parent_digest and held.repository_id = ${removal.repositoryId}
    )
    select tag.name, tag.manifest_digest
    from tag
    where tag.repository_id = ${removal.repositoryId} and tag.manifest_digest in (select digest from holder)
    order by tag.name
    for update of tag`.execute(transaction);
  for (const { name: tag, manifest_digest: currentDigest } of holding.rows) {
    const refusal = refusalOf(tag, await removal.decide(transaction, { tag, currentDigest }));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refusalOf(tag: Tag, decision: TagMoveDecision): RefusedTagMove | undefined {
  return decision.kind === 'allow'
    ? undefined
    : { kind: 'refused', tag, message: decision.message, detail: decision.detail };
}
