import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';

/** The stored image that another was built on: its layers are the lowest ones of the other's. */
export interface BaseImage {
  /** Of the image in its repository: the one of URLs. */
  readonly imageId: number;
  readonly namespace: string;
  readonly repository: string;
  readonly repositoryId: number;
  readonly digest: Digest;
  /** Tags that lead to it now, through an index too; newest first, at most 100. */
  readonly tags: readonly string[];
  /** Tags that led to it until they were moved to another image; the last moved first, at most 100. */
  readonly formerTags: readonly string[];
  /** Layers with a lower index are the base's, all others the image's own. */
  readonly layerCount: number;
  readonly pushedAt: Date;
}

export interface BaseImageQuestion {
  /** Digests of the image's layers as stored, bottom first; those that were not inspected end what can be a base. */
  readonly layers: readonly string[];
  /**
   * Namespaces that the asker may read; absent: all. A base elsewhere is not there for this asker: neither its name nor
   * that somebody has it is told, and the longest of those that may be read is the base.
   */
  readonly namespaceIds?: readonly number[] | undefined;
}

/** Images with one stack of layers that are looked at for the one to name. */
const namedAlikeMax = 50;
/** An image may have very many tags, and whoever may push gives it them. */
const tagsMax = 100;

/**
 * The image with the longest stack of layers on which this image stands, by what the layers inflate to; undefined when
 * none is stored and scanned. Of several with one stack, the tagged one that was pushed first.
 */
export async function findBaseImage(
  db: Database,
  { layers, namespaceIds }: BaseImageQuestion,
): Promise<BaseImage | undefined> {
  if (layers.length < 2) return undefined;
  const readable =
    namespaceIds === undefined ? sql`true` : sql`r.namespace_id = any(${[...namespaceIds]}::bigint[])`;
  const { rows } = await sql<BaseImage>`
    with longest as (
      select below.chain_id, below.position
      from unnest((layer_chain_ids(${[...layers]}::text[]))[1:${layers.length - 1}::int])
        with ordinality as below (chain_id, position)
      where exists (
        select from layer_chain c join repository_manifest rm on rm.manifest_digest = c.manifest_digest
          join repository r on r.id = rm.repository_id
        where c.chain_id = below.chain_id and ${readable})
      order by below.position desc limit 1),
    alike as materialized (
      select rm.id, rm.repository_id, rm.manifest_digest, rm.pushed_at, r.name, r.namespace_id, longest.position
      from longest join layer_chain c on c.chain_id = longest.chain_id
        join repository_manifest rm on rm.manifest_digest = c.manifest_digest
        join repository r on r.id = rm.repository_id
      where ${readable} order by rm.pushed_at, rm.id limit ${namedAlikeMax}),
    named as materialized (
      select alike.*, held.digests from alike cross join lateral (
        select array_agg(digest) as digests from (
          select alike.manifest_digest as digest
          union all select c.parent_digest from manifest_child c where c.child_digest = alike.manifest_digest) holders) held
      order by exists (
          select from tag t where t.repository_id = alike.repository_id and t.manifest_digest = any(held.digests)) desc,
        alike.pushed_at, alike.id
      limit 1)
    select one.id as "imageId", n.name as namespace, one.name as repository, one.repository_id as "repositoryId",
      one.manifest_digest as digest, one.position::int as "layerCount", one.pushed_at as "pushedAt",
      array(select t.name::text from tag t
        where t.repository_id = one.repository_id and t.manifest_digest = any(one.digests)
        order by t.updated_at desc, t.name limit ${tagsMax}) as tags,
      array(select f.name::text from former_tag f
        where f.repository_id = one.repository_id and f.manifest_digest = any(one.digests)
        group by f.name order by max(f.left_at) desc, f.name limit ${tagsMax}) as "formerTags"
    from named one join namespace n on n.id = one.namespace_id`.execute(db);
  return rows[0];
}

/** The base of a stored image; an index has none, its images have. */
export async function readBaseImage(
  db: Database,
  image: { readonly digest: string; readonly namespaceIds?: readonly number[] | undefined },
): Promise<BaseImage | undefined> {
  const { rows } = await sql<{ layers: readonly string[] | null }>`
    select layers_of(${image.digest}) as layers`.execute(db);
  return await findBaseImage(db, { layers: rows[0]?.layers ?? [], namespaceIds: image.namespaceIds });
}

/** Undefined when no base is known: then nobody can tell. */
export function isFromBase(
  base: Pick<BaseImage, 'layerCount'> | undefined,
  layerIndex: number,
): boolean | undefined {
  return base === undefined ? undefined : layerIndex < base.layerCount;
}
