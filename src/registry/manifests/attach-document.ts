import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { digestOf } from '../../bytes/digest.ts';
import { findBlob, pinBlob, storeBlob } from '../../catalog/blobs.ts';
import { putManifest } from '../../catalog/put-manifest.ts';
import { countsContent, type OverQuota, withReservation } from '../../catalog/quota.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import { ociEmptyMediaType, ociManifestMediaType } from '../../oci/media-types.ts';
import { parseManifest } from '../../oci/parse-manifest.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { noteOverQuota } from '../admit-bytes.ts';
import { storedDigests } from '../blobs/stored-digests.ts';
import type { PushObserver, RepositoryRef, Requester, StoredManifest } from '../guards.ts';
import { artifactLayerSizeBytesMax, classifyManifest } from './classify-manifest.ts';

/** A document that says something about an image, to be kept beside it. */
export interface DocumentToAttach {
  readonly requester: Requester;
  readonly repository: RepositoryRef;
  /** Digest of the image, which the repository holds. */
  readonly subject: Digest;
  readonly content: Buffer;
  /** Of the document and, as `artifactType`, of the artifact. */
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Done in the transaction that makes the artifact visible, unless the repository held it before. */
  readonly onAdded: (
    transaction: Parameters<PushObserver['manifestStored']>[0],
    stored: StoredManifest,
  ) => Promise<void>;
}

export type AttachResult =
  | {
      readonly kind: 'attached';
      readonly digest: Digest;
      readonly imageId: number;
      /** False: the repository held it before. */
      readonly isNew: boolean;
    }
  | OverQuota
  | { readonly kind: 'too-large'; readonly sizeBytes: number; readonly sizeBytesMax: number }
  /** What it needs was deleted meanwhile. */
  | { readonly kind: 'gone' };

export type AttachDocument = (document: DocumentToAttach) => Promise<AttachResult>;

export interface AttachParts {
  readonly db: Database;
  readonly store: BlobStore;
  readonly pushObserver: PushObserver;
  readonly onQuotaRefused?: (namespace: string) => void;
}

const emptyConfig = Buffer.from('{}');

/**
 * Pushes a document into an image's repository as an artifact whose `subject` is the image (OCI image-spec v1.1
 * manifest.md#guidelines-for-artifact-usage): blobs, then the manifest, counted in the quota and watched like a client's
 * push. The same document of the same image has the same digest, so that a second time changes nothing.
 */
export async function attachDocument(parts: AttachParts, document: DocumentToAttach): Promise<AttachResult> {
  const { db } = parts;
  const { content, repository } = document;
  const { namespaceId, repositoryId } = repository;
  // A larger one would be taken for an image (threats.md P13).
  if (content.length > artifactLayerSizeBytesMax)
    return { kind: 'too-large', sizeBytes: content.length, sizeBytesMax: artifactLayerSizeBytesMax };
  const subject = await readHeld(db, { repositoryId, digest: document.subject });
  if (subject === undefined) return { kind: 'gone' };
  const manifest = Buffer.from(JSON.stringify(artifactManifest(document, subject)));
  const digest = digestOf(manifest);
  const push = async () => {
    for (const bytes of [emptyConfig, content]) await holdBlob(parts, { repositoryId, bytes });
    return await storeArtifact(parts, { document, manifest, digest });
  };
  if (await countsContent(db, { namespaceId, kind: 'manifest', digest })) return await push();
  const sizeBytes = emptyConfig.length + content.length + manifest.length;
  const result = await withReservation(db, { namespaceId, repositoryId, sizeBytes }, push);
  if (result.kind === 'over-quota') {
    const refused = { requester: document.requester, subject: fullNameOf(repository), over: result };
    await noteOverQuota(parts, { ...repository, ...refused });
  }
  return result;
}

export function fullNameOf({ namespace, repository }: RepositoryRef): string {
  return `${namespace}/${repository}`;
}

interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

async function readHeld(
  db: Database,
  { repositoryId, digest }: { readonly repositoryId: number; readonly digest: Digest },
): Promise<HeldManifest | undefined> {
  const row = await db
    .selectFrom('manifest')
    .innerJoin('repository_manifest as held', 'held.manifest_digest', 'manifest.digest')
    .select(['manifest.media_type', 'manifest.size_bytes'])
    .where('held.repository_id', '=', repositoryId)
    .where('manifest.digest', '=', digest)
    .executeTakeFirst();
  return row === undefined ? undefined : { digest, mediaType: row.media_type, sizeBytes: row.size_bytes };
}

function artifactManifest(
  { content, mediaType, annotations }: DocumentToAttach,
  subject: HeldManifest,
): unknown {
  return {
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    artifactType: mediaType,
    config: { mediaType: ociEmptyMediaType, digest: digestOf(emptyConfig), size: emptyConfig.length },
    layers: [{ mediaType, digest: digestOf(content), size: content.length }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.sizeBytes },
    annotations,
  };
}

/** Makes the repository hold a blob, pinned until the manifest comes; one that it holds is not written again. */
async function holdBlob(
  { db, store }: AttachParts,
  { repositoryId, bytes }: { readonly repositoryId: number; readonly bytes: Buffer },
): Promise<void> {
  const digest = digestOf(bytes);
  const held = await findBlob(db, { repositoryId, digest });
  if (held !== undefined && (await pinBlob(db, { repositoryId, digest }))) return;
  const uploadId = randomUUID();
  await store.create(uploadId);
  await store.append(uploadId, 0, Readable.from([bytes]));
  const committed = await store.commit(uploadId, digest);
  if (committed.kind === 'mismatch') {
    await store.discard(uploadId);
    throw new DocumentChangedError(digest, committed.actual);
  }
  const { key: storageKey, sizeBytes } = committed;
  const digests = await storedDigests(store, { key: storageKey, sizeBytes, digest });
  const { replacedKeys } = await db
    .transaction()
    .execute((transaction) => storeBlob(transaction, { ...digests, repositoryId, sizeBytes, storageKey }));
  // What cannot be deleted now is found by garbage collection: no row names it any more.
  for (const key of replacedKeys) await store.delete(key).catch(() => undefined);
}

/** The store holds other bytes than it was given. */
export class DocumentChangedError extends Error {
  readonly code = 'document_changed';
  constructor(wanted: Digest, actual: Digest) {
    super(`Cannot store the document "${wanted}": its stored copy must hash to that, got "${actual}"`);
    this.name = 'DocumentChangedError';
  }
}

async function storeArtifact(
  { db, store, pushObserver }: AttachParts,
  artifact: {
    readonly document: DocumentToAttach;
    readonly manifest: Buffer;
    readonly digest: Digest;
  },
): Promise<AttachResult> {
  const { manifest: bytes, digest } = artifact;
  const { repository, requester, onAdded } = artifact.document;
  const { repositoryId } = repository;
  const parsed = parseManifest(bytes, ociManifestMediaType);
  if (parsed.kind === 'invalid') throw new Error(`Our own manifest is invalid: ${parsed.message}`);
  const { manifest } = parsed;
  const kind = await classifyManifest(manifest, { db, store, repositoryId });
  const result = await putManifest(db, {
    repositoryId,
    digest,
    digestSha512: digestOf(bytes, 'sha512'),
    content: bytes,
    manifest,
    kind,
    tags: [],
    pushedBy: requester.name,
    // It moves no tag.
    decideTagMove: async () => ({ kind: 'refuse', message: 'A document has no tag', detail: undefined }),
    onStored: async (transaction, { isNew }) => {
      const stored: StoredManifest = { repository, requester, digest, kind, tags: [] };
      await pushObserver.manifestStored(transaction, stored);
      if (isNew) await onAdded(transaction, stored);
    },
  });
  return result.kind === 'stored'
    ? { kind: 'attached', digest, imageId: result.imageId, isNew: result.isNew }
    : resultOfRefusal(result.kind);
}

function resultOfRefusal(
  kind: Exclude<Awaited<ReturnType<typeof putManifest>>['kind'], 'stored'>,
): AttachResult {
  switch (kind) {
    case 'repository-unknown':
    case 'content-unknown':
      return { kind: 'gone' };
    case 'refused':
    case 'size-mismatch':
    case 'too-nested':
    case 'media-type-conflict':
      throw new Error(`Our own manifest was refused: ${kind}`);
  }
}
