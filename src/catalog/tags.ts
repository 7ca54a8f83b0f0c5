import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';

/** Tag names after `last` in byte order (distribution-spec v1.1 spec.md#listing-tags: "lexical order"). */
export async function listTagNames(
  db: Database,
  page: { readonly repositoryId: number; readonly last?: string; readonly limit: number },
): Promise<readonly string[]> {
  const all = db.selectFrom('tag').select('name').where('repository_id', '=', page.repositoryId);
  const rest = page.last === undefined ? all : all.where('name', '>', page.last);
  const rows = await rest.orderBy('name').limit(page.limit).execute();
  return rows.map((row) => row.name);
}

export interface CatalogTag {
  readonly tag: Tag;
  readonly digest: Digest;
  /** Id of the image that the tag points at. */
  readonly imageId: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Tags after `after` in byte order; `total` counts all of the repository. */
export async function listTags(
  db: Database,
  page: { readonly repositoryId: number; readonly after?: string; readonly limit: number },
): Promise<{ readonly items: readonly CatalogTag[]; readonly total: number }> {
  const all = db.selectFrom('tag').where('tag.repository_id', '=', page.repositoryId);
  const { total } = await all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rest = page.after === undefined ? all : all.where('tag.name', '>', page.after);
  const rows = await rest
    .innerJoin('repository_manifest', (join) =>
      join
        .onRef('repository_manifest.repository_id', '=', 'tag.repository_id')
        .onRef('repository_manifest.manifest_digest', '=', 'tag.manifest_digest'),
    )
    .select(['tag.name', 'tag.manifest_digest', 'tag.created_at', 'tag.updated_at', 'repository_manifest.id'])
    .orderBy('tag.name')
    .limit(page.limit)
    .execute();
  const items = rows.map((row) => ({
    // Only parsed tags and digests are written.
    tag: row.name as Tag,
    digest: row.manifest_digest as Digest,
    imageId: row.id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
  return { items, total };
}

/** Every tag of a namespace with its repository, for previews of rules; at most `limit`, by repository and tag. */
export async function listNamespaceTags(
  db: Database,
  asked: { readonly namespaceId: number; readonly limit: number },
): Promise<readonly { readonly repository: string; readonly tag: string }[]> {
  return await db
    .selectFrom('tag')
    .innerJoin('repository', 'repository.id', 'tag.repository_id')
    .where('repository.namespace_id', '=', asked.namespaceId)
    .select(['repository.name as repository', 'tag.name as tag'])
    .orderBy('repository.name')
    .orderBy('tag.name')
    .limit(asked.limit)
    .execute();
}
