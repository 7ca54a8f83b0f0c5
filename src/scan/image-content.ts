import type { Database } from '../database/database.ts';

/** Nobody reads through more, and there are indexes of ten thousand. */
const childrenMax = 1_000;

/** Layers, config and children of a stored manifest, as its push recorded them. */
export interface ImageContent {
  readonly configDigest?: string;
  /** Of the manifest, as its pusher wrote them. */
  readonly annotations: unknown;
  /** Bottom first. */
  readonly layers: readonly {
    readonly digest: string;
    readonly mediaType: string;
    readonly sizeBytes: number;
  }[];
  /** The first 1,000 of them. */
  readonly children: readonly {
    /** Absent: not stored in this repository. */
    readonly imageId?: number;
    readonly digest: string;
    readonly mediaType: string;
    readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  }[];
  /** Of all. */
  readonly childCount: number;
}

/** Content of an image of a repository. */
export async function readImageContent(
  db: Database,
  image: { readonly digest: string; readonly repositoryId: number },
): Promise<ImageContent> {
  const manifest = await db
    .selectFrom('manifest')
    .select(['config_digest', 'annotations'])
    .where('digest', '=', image.digest)
    .executeTakeFirst();
  const blobs = await db
    .selectFrom('manifest_blob')
    .select(['blob_digest as digest', 'media_type as mediaType', 'size_bytes as sizeBytes'])
    .where('manifest_digest', '=', image.digest)
    .where('position', '>', 0)
    .orderBy('position')
    .execute();
  const children = await db
    .selectFrom('manifest_child as child')
    .leftJoin('repository_manifest as held', (join) =>
      join
        .onRef('held.manifest_digest', '=', 'child.child_digest')
        .on('held.repository_id', '=', image.repositoryId),
    )
    .select(['child.child_digest as digest', 'child.media_type as mediaType', 'child.platform', 'held.id'])
    .where('child.parent_digest', '=', image.digest)
    .orderBy('child.position')
    .limit(childrenMax)
    .execute();
  const { count } = await db
    .selectFrom('manifest_child')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('parent_digest', '=', image.digest)
    .executeTakeFirstOrThrow();
  const configDigest = manifest?.config_digest ?? undefined;
  return {
    ...(configDigest === undefined ? {} : { configDigest }),
    annotations: manifest?.annotations,
    layers: blobs,
    children: children.map(({ digest, mediaType, platform, id }) => ({
      digest,
      mediaType,
      ...(id === null ? {} : { imageId: id }),
      ...readPlatform(platform),
    })),
    childCount: count,
  };
}

function readPlatform(value: unknown): Pick<ImageContent['children'][number], 'platform'> {
  if (typeof value !== 'object' || value === null) return {};
  const { os, architecture, variant } = value as Readonly<Record<string, unknown>>; // an object, by the line above
  if (typeof os !== 'string' || typeof architecture !== 'string') return {};
  return { platform: { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) } };
}
