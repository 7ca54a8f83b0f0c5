import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';

/** A manifest as one repository holds it. */
export interface CatalogManifest {
  /** Id of the image as people see it: this manifest in this repository. */
  readonly imageId: number;
  /** sha256, also when it was asked for by sha512. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly content: Buffer;
}

/** Finds a manifest in a repository by tag or by either digest; undefined when the repository does not hold it. */
export async function findManifest(
  db: Database,
  asked: {
    readonly repositoryId: number;
    readonly reference:
      | { readonly kind: 'tag'; readonly tag: Tag }
      | { readonly kind: 'digest'; readonly digest: Digest };
  },
): Promise<CatalogManifest | undefined> {
  const { repositoryId, reference } = asked;
  const row = await db
    .selectFrom('repository_manifest')
    .innerJoin('manifest', 'manifest.digest', 'repository_manifest.manifest_digest')
    .where('repository_manifest.repository_id', '=', repositoryId)
    .where((eb) =>
      reference.kind === 'digest'
        ? eb.or([
            eb('manifest.digest', '=', reference.digest),
            eb('manifest.digest_sha512', '=', reference.digest),
          ])
        : eb(
            'manifest.digest',
            '=',
            eb
              .selectFrom('tag')
              .select('tag.manifest_digest')
              .where('tag.repository_id', '=', repositoryId)
              .where('tag.name', '=', reference.tag),
          ),
    )
    .select([
      'repository_manifest.id',
      'manifest.digest',
      'manifest.media_type',
      'manifest.kind',
      'manifest.content',
    ])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    imageId: row.id,
    digest: row.digest as Digest, // only parsed digests are written
    mediaType: row.media_type,
    kind: row.kind as CatalogManifest['kind'], // the column's check constraint
    content: row.content,
  };
}

/** A manifest's bytes, whichever repository holds it: for the scan, never for a client. */
export async function readManifestContent(
  db: Database,
  digest: Digest,
): Promise<Omit<CatalogManifest, 'imageId'> | undefined> {
  const row = await db
    .selectFrom('manifest')
    .where((eb) => eb.or([eb('digest', '=', digest), eb('digest_sha512', '=', digest)]))
    .select(['digest', 'media_type', 'kind', 'content'])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    digest: row.digest as Digest, // only parsed digests are written
    mediaType: row.media_type,
    kind: row.kind as CatalogManifest['kind'], // the column's check constraint
    content: row.content,
  };
}

/** An entry of an index, in the order of the index. */
export interface ManifestChild {
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
}

/**
 * The children of indexes that are stored, in their order; an image has none and is not in the map. `positionsMax`: of each
 * index only those among so many first entries.
 */
export async function listChildrenOf(
  db: Database,
  parentDigests: readonly Digest[],
  positionsMax?: number,
): Promise<ReadonlyMap<Digest, readonly ManifestChild[]>> {
  if (parentDigests.length === 0) return new Map();
  const rows = await db
    .selectFrom('manifest_child')
    .innerJoin('manifest', 'manifest.digest', 'manifest_child.child_digest')
    .where(sql<boolean>`manifest_child.parent_digest = any(${[...parentDigests]}::text[])`)
    .$if(positionsMax !== undefined, (query) =>
      query.where('manifest_child.position', '<', positionsMax ?? 0),
    )
    .select([
      'manifest_child.parent_digest as parent',
      'manifest_child.child_digest as digest',
      'manifest.kind',
    ])
    .orderBy('manifest_child.parent_digest')
    .orderBy('manifest_child.position')
    .execute();
  const children = rows.map((row) => ({
    parent: row.parent as Digest, // only parsed digests are written
    digest: row.digest as Digest, // likewise
    kind: row.kind as ManifestChild['kind'], // the column's check constraint
  }));
  return Map.groupBy(children, ({ parent }) => parent);
}

/** Those of the indexes that have more entries, stored or not. */
export async function listLongerIndexes(
  db: Database,
  digests: readonly Digest[],
  entryCount: number,
): Promise<ReadonlySet<string>> {
  if (digests.length === 0) return new Set();
  const rows = await db
    .selectFrom('manifest_child')
    .where(sql<boolean>`parent_digest = any(${[...digests]}::text[])`)
    .where('position', '=', entryCount)
    .select('parent_digest')
    .execute();
  return new Set(rows.map((row) => row.parent_digest));
}

/**
 * The manifests of a repository that refer to a blob. What some manifest names as a layer is not had through one that
 * names it as its config: anybody who may push could put a refused layer there, where it is never inspected.
 */
export async function listManifestsReferringTo(
  db: Database,
  asked: { readonly repositoryId: number; readonly blobDigest: Digest },
): Promise<readonly { readonly digest: Digest; readonly kind: 'image' | 'index' | 'artifact' }[]> {
  const rows = await db
    .selectFrom('manifest_blob')
    .innerJoin('repository_manifest', 'repository_manifest.manifest_digest', 'manifest_blob.manifest_digest')
    .innerJoin('manifest', 'manifest.digest', 'manifest_blob.manifest_digest')
    .where('manifest_blob.blob_digest', '=', asked.blobDigest)
    .where('repository_manifest.repository_id', '=', asked.repositoryId)
    .select(['manifest.digest', 'manifest.kind'])
    .select(sql<boolean>`bool_or(manifest_blob.position > 0)`.as('is_layer'))
    .groupBy(['manifest.digest', 'manifest.kind'])
    .execute();
  const asLayer = rows.filter((row) => row.is_layer);
  return (asLayer.length > 0 ? asLayer : rows).map((row) => ({
    digest: row.digest as Digest, // only parsed digests are written
    kind: row.kind as CatalogManifest['kind'], // the column's check constraint
  }));
}
