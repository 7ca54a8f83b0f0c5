import { sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { blobsOf, childrenOf, type Descriptor, type Manifest } from '../oci/manifest.ts';
import { layerClaimOf } from '../oci/media-types.ts';
import { indexLevelsMax, indexNodesMax } from './index-limits.ts';
import type { ManifestPushResult } from './put-manifest.ts';

/** What a manifest refers to, locked against deletion. */
export interface HeldContent {
  readonly kind: 'held';
  /** Bytes of config and layers; of an index, those of its distinct children. */
  readonly imageSizeBytes: number;
  /** The digest of the row that a stated digest means; the stated one for what is kept elsewhere. */
  canonical(stated: Digest): string;
}
type ContentCheck =
  | HeldContent
  | Extract<ManifestPushResult, { kind: 'content-unknown' | 'size-mismatch' | 'too-nested' }>;

/** Rows found, by each digest that they have. */
interface FoundRows {
  readonly sizes: ReadonlyMap<string, number>;
  readonly canonical: ReadonlyMap<string, string>;
  readonly imageSizeBytes: number;
  /** One of them lists others. */
  readonly hasIndex: boolean;
}

/** Locks what the manifest refers to in its repository, and says whether all of it is there as the manifest says. */
export async function lockContent(
  transaction: Transaction<Tables>,
  push: { readonly repositoryId: number; readonly manifest: Manifest },
): Promise<ContentCheck> {
  const blobs = blobsOf(push.manifest).map(({ descriptor }) => descriptor);
  const children = childrenOf(push.manifest);
  // A manifest has the one or the other.
  const descriptors = children.length > 0 ? children : blobs;
  if (descriptors.length === 0) return held(new Map(), 0);
  const digests = [...new Set(descriptors.map(({ digest }) => digest))];
  const asked = { repositoryId: push.repositoryId, digests };
  const found =
    children.length > 0 ? await lockChildren(transaction, asked) : await lockBlobs(transaction, asked);
  const required = descriptors.filter((descriptor) => children.length > 0 || !isKeptElsewhere(descriptor));
  const problem = checkSizes(found.sizes, required, descriptors);
  if (problem !== undefined) return problem;
  if (children.length > 0) {
    const message = found.hasIndex
      ? await nestingProblem(transaction, [...found.canonical.values()])
      : undefined;
    if (message !== undefined) return { kind: 'too-nested', message };
    return held(found.canonical, found.imageSizeBytes);
  }
  return held(
    found.canonical,
    descriptors.reduce((sum, descriptor) => sum + descriptor.size, 0),
  );
}

function held(canonical: ReadonlyMap<string, string>, imageSizeBytes: number): HeldContent {
  return { kind: 'held', imageSizeBytes, canonical: (stated) => canonical.get(stated) ?? stated };
}

interface Asked {
  readonly repositoryId: number;
  readonly digests: readonly Digest[];
}

async function lockBlobs(
  transaction: Transaction<Tables>,
  { repositoryId, digests }: Asked,
): Promise<FoundRows> {
  const sha512 = digests.filter((digest) => digestAlgorithm(digest) === 'sha512');
  const rows = await transaction
    .selectFrom('blob')
    .innerJoin('repository_blob', 'repository_blob.digest', 'blob.digest')
    .where('repository_blob.repository_id', '=', repositoryId)
    .where((eb) =>
      sha512.length === 0
        ? eb('blob.digest', 'in', digests)
        : eb.or([eb('blob.digest', 'in', digests), eb('blob.digest_sha512', 'in', sha512)]),
    )
    .where('blob.state', '=', 'stored')
    .select(['blob.digest', 'blob.digest_sha512', 'blob.size_bytes'])
    .orderBy('blob.digest')
    .forShare()
    .execute();
  return foundRows(rows.map((row) => ({ ...row, image_size_bytes: 0, kind: 'blob' })));
}

/** A foreign layer lies at its `urls` and may be absent here (image-spec v1.1 layer.md#non-distributable-layers). */
function isKeptElsewhere(descriptor: Descriptor): boolean {
  return layerClaimOf(descriptor.mediaType) === 'foreign' && (descriptor.urls?.length ?? 0) > 0;
}

async function lockChildren(
  transaction: Transaction<Tables>,
  { repositoryId, digests }: Asked,
): Promise<FoundRows> {
  const rows = await transaction
    .selectFrom('repository_manifest')
    .innerJoin('manifest', 'manifest.digest', 'repository_manifest.manifest_digest')
    .where('repository_manifest.repository_id', '=', repositoryId)
    .where((eb) => eb.or([eb('manifest.digest', 'in', digests), eb('manifest.digest_sha512', 'in', digests)]))
    .select(['manifest.digest', 'manifest.digest_sha512', 'manifest.size_bytes', 'manifest.image_size_bytes'])
    .select('manifest.kind')
    .orderBy('manifest.digest')
    .forShare('repository_manifest')
    .execute();
  return foundRows(rows);
}

function foundRows(
  rows: readonly {
    readonly digest: string;
    readonly digest_sha512: string | null;
    readonly size_bytes: number;
    readonly image_size_bytes: number;
    readonly kind: string;
  }[],
): FoundRows {
  const sizes = new Map<string, number>();
  const canonical = new Map<string, string>();
  for (const row of rows) {
    for (const digest of [row.digest, row.digest_sha512 ?? row.digest]) {
      sizes.set(digest, row.size_bytes);
      canonical.set(digest, row.digest);
    }
  }
  return {
    sizes,
    canonical,
    imageSizeBytes: rows.reduce((sum, row) => sum + row.image_size_bytes, 0),
    hasIndex: rows.some(({ kind }) => kind === 'index'),
  };
}

function checkSizes(
  sizes: ReadonlyMap<string, number>,
  required: readonly Descriptor[],
  stated: readonly Descriptor[],
): Exclude<ContentCheck, HeldContent> | undefined {
  const unknown = required.filter(({ digest }) => !sizes.has(digest)).map(({ digest }) => digest);
  if (unknown.length > 0) return { kind: 'content-unknown', digests: [...new Set(unknown)] };
  for (const { digest, size } of stated) {
    const storedBytes = sizes.get(digest);
    if (storedBytes !== undefined && storedBytes !== size) {
      return { kind: 'size-mismatch', digest, statedBytes: size, storedBytes };
    }
  }
  return undefined;
}

/**
 * What is wrong with an index of these manifests, so that every later walk of what is stored ends soon. Each manifest is
 * seen once per level, however many paths lead to it; the walk stops a step behind the limits.
 */
async function nestingProblem(
  transaction: Transaction<Tables>,
  children: readonly string[],
): Promise<string | undefined> {
  const { rows } = await sql<{ nodes: number; levels: number }>`
    with recursive below (digest, level) as (
      select unnest(${[...new Set(children)]}::text[]), 2
      union
      select c.child_digest, below.level + 1 from below join manifest_child c on c.parent_digest = below.digest
      where below.level <= ${indexLevelsMax}),
    seen as (select digest, level from below limit ${indexNodesMax * indexLevelsMax + 1})
    select count(distinct digest)::int as nodes, max(level) as levels from seen`.execute(transaction);
  const [{ nodes, levels } = { nodes: 0, levels: 0 }] = rows;
  if (levels > indexLevelsMax) return `an index must have at most ${indexLevelsMax} levels, got more`;
  if (nodes > indexNodesMax)
    return `there must be at most ${indexNodesMax} manifests below an index, got more`;
  return undefined;
}
