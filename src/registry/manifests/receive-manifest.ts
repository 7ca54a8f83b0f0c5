import type { FastifyReply } from 'fastify';
import { type ManifestPushResult, putManifest } from '../../catalog/put-manifest.ts';
import { ensureRepository } from '../../catalog/repositories.ts';
import { type Digest, digestAlgorithm } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { parseTag, type Tag } from '../../oci/names.ts';
import { manifestSizeBytesMax } from '../../oci/parse-manifest.ts';
import { linkWithinQuota, refuseOverQuota } from '../admit-bytes.ts';
import { type Access, authorize, repositoryUnknown } from '../authorize.ts';
import type { RegistryCall } from '../dependencies.ts';
import { type Refusal, refusals, refuse } from '../errors.ts';
import type { RepositoryRef } from '../guards.ts';
import type { FullName, ManifestReference } from '../parse-path.ts';
import { readBody } from '../read-body.ts';
import { classifyManifest } from './classify-manifest.ts';
import { isReferrerFallback } from './referrer-fallback.ts';

/** Most tags of one push by `?tag=`. */
const tagsPerPushMax = 100;

interface ReceivedManifest {
  readonly kind: 'received';
  /** Valid until the answer: the next large body is read to the same memory. */
  readonly bytes: Buffer;
  readonly manifest: Manifest;
  /** sha256. */
  readonly digest: Digest;
  readonly digestSha512: Digest;
  readonly tags: readonly Tag[];
  readonly digestAlgorithm: 'sha256' | 'sha512';
}

/** PUT of a manifest by tag or digest, with more tags as `?tag=` (distribution-spec spec.md#pushing-manifests). */
export async function receiveManifest(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly reference: ManifestReference },
): Promise<FastifyReply> {
  const { parts, request, reply } = call;
  const { name, reference } = asked;
  const access = await authorize({
    request,
    credentials: call.credentials,
    name,
    action: 'push',
    challenges: parts.challenges,
    readSituation: parts.readSituation,
    denials: parts.login.denials,
  });
  if (access.kind === 'refused') return refuse(reply, access);
  const statedBytes = Number(request.headers['content-length'] ?? Number.NaN);
  const place = await parts.bodyRoom.enter(access.requester.accountId ?? 0, statedBytes);
  if (place === undefined) return refuse(reply, refusals.tooManyManifests());
  try {
    return await takeManifest(call, { name, reference, access, memory: place.memory });
  } finally {
    place.leave();
  }
}

async function takeManifest(
  call: RegistryCall,
  asked: {
    readonly name: FullName;
    readonly reference: ManifestReference;
    readonly access: Extract<Access, { kind: 'granted' }>;
    readonly memory: Buffer | undefined;
  },
): Promise<FastifyReply> {
  const { reply } = call;
  const { name, reference, access } = asked;
  const received = await readManifest(call, { reference, memory: asked.memory });
  if (received.kind === 'refused') return refuse(reply, received);
  const repository = await repositoryToPush(call, access);
  const { repositoryId } = repository;
  const content = { access, repositoryId, kind: 'manifest', digest: received.digest } as const;
  const result = await linkWithinQuota(call, { ...content, sizeBytes: received.bytes.length }, () =>
    store(call, { access, repository, received }),
  );
  if (result.kind === 'over-quota') {
    return refuse(reply, await refuseOverQuota(call, { access, over: result }));
  }
  const refused = refusalOf(result, name);
  if (refused !== undefined) return refuse(reply, refused);
  const digest = reference.kind === 'digest' ? reference.digest : received.digest;
  const subject = received.manifest.subject?.digest;
  if (subject !== undefined) reply.header('oci-subject', subject);
  const extraTags = call.query.getAll('tag');
  if (extraTags.length > 0) reply.header('oci-tag', [...received.tags]);
  return reply
    .code(201)
    .header('location', `/v2/${name.full}/manifests/${digest}`)
    .header('docker-content-digest', digest)
    .send();
}

async function readManifest(
  call: RegistryCall,
  { reference, memory }: { readonly reference: ManifestReference; readonly memory: Buffer | undefined },
): Promise<ReceivedManifest | Refusal> {
  const tags = readTags(call.query.getAll('tag'), reference);
  if ('kind' in tags) return tags;
  const body = await readBody(call.request.raw, manifestSizeBytesMax, memory);
  if (body.kind === 'too-large') {
    return refusals.manifestTooLarge(
      `Cannot store the manifest: it must have at most ${manifestSizeBytesMax} bytes, got more`,
    );
  }
  const contentType = call.request.headers['content-type'];
  const { bytes } = body;
  const examined = await call.parts.manifestExaminer.examine(bytes, contentType);
  if (examined.kind === 'invalid') return refusals.manifestInvalid(examined.message);
  const { manifest, digest, digestSha512 } = examined;
  if (reference.kind === 'digest' && ![digest, digestSha512].includes(reference.digest)) {
    const actual = digestAlgorithm(reference.digest) === 'sha256' ? digest : digestSha512;
    return refusals.digestInvalid(
      `Cannot store the manifest as "${reference.digest}": it must hash to that, got "${actual}"`,
    );
  }
  return {
    kind: 'received',
    bytes,
    manifest,
    digest,
    digestSha512,
    tags,
    digestAlgorithm: reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256',
  };
}

function readTags(texts: readonly string[], reference: ManifestReference): readonly Tag[] | Refusal {
  const tags = reference.kind === 'tag' ? [reference.tag] : [];
  if (texts.length > tagsPerPushMax) {
    return refusals.parameterInvalid(
      `Cannot push ${texts.length} tags at once: there must be at most ${tagsPerPushMax}`,
    );
  }
  for (const text of texts) {
    const tag = parseTag(text);
    if (tag === undefined) {
      return refusals.parameterInvalid(
        `Cannot use the tag "${text.slice(0, 150)}": it must be 1 to 128 letters, digits, dots, dashes or underscores`,
      );
    }
    if (!tags.includes(tag)) tags.push(tag);
  }
  return tags;
}

/** The repository that a push goes to; it is made by the first push into it. */
export async function repositoryToPush(call: RegistryCall, access: Access): Promise<RepositoryRef> {
  if (access.repository !== undefined) return access.repository;
  const { namespaceId } = access;
  const { namespace, repository } = access.name;
  const repositoryId = await ensureRepository(call.parts.connection.db, { namespaceId, repository });
  return { namespaceId, namespace, repositoryId, repository };
}

async function store(
  call: RegistryCall,
  push: {
    readonly access: Access;
    readonly repository: RepositoryRef;
    readonly received: ReceivedManifest;
  },
): Promise<ManifestPushResult> {
  const { parts } = call;
  const { repository, received } = push;
  const { requester } = push.access;
  const { manifest, digest, tags } = received;
  const { db } = parts.connection;
  const { repositoryId } = repository;
  const kind = await classifyManifest(manifest, { db, store: parts.store, repositoryId });
  parts.reach?.('manifest.received');
  const result = await putManifest(db, {
    repositoryId,
    digest,
    digestSha512: received.digestSha512,
    content: received.bytes,
    manifest,
    kind,
    tags,
    digestAlgorithm: received.digestAlgorithm,
    pushedBy: requester.name,
    decideTagMove: async (transaction, move) => {
      parts.reach?.('manifest.tag-moves');
      return await parts.pushGuard.decideTagMove(transaction, {
        requester,
        repository,
        ...move,
        isReferrerFallback: await isReferrerFallback(transaction, { tag: move.tag, digest }),
      });
    },
    onStored: async (transaction) => {
      await parts.pushObserver.manifestStored(transaction, { repository, requester, digest, kind, tags });
      parts.reach?.('manifest.in-transaction');
    },
  });
  parts.reach?.('manifest.recorded');
  return result;
}

function refusalOf(result: ManifestPushResult, name: FullName): Refusal | undefined {
  switch (result.kind) {
    case 'stored':
      return undefined;
    case 'refused':
      return refusals.conflict(result.message, result.detail);
    case 'content-unknown':
      return refusals.manifestBlobUnknown(
        `Cannot store the manifest: what it refers to must be in "${name.full}", got ${result.digests.length} missing, first "${result.digests[0]}"`,
        { digests: result.digests.slice(0, 100) },
      );
    case 'size-mismatch':
      return refusals.manifestInvalid(
        `Cannot store the manifest: the size of "${result.digest}" must be ${result.storedBytes} as stored, got ${result.statedBytes}`,
      );
    case 'too-nested':
      return refusals.manifestInvalid(`Cannot store the manifest: ${result.message}`);
    case 'media-type-conflict':
      return refusals.manifestInvalid(
        `Cannot store the manifest: its media type must stay "${result.storedMediaType}", as which the same bytes are stored`,
      );
    case 'repository-unknown':
      return repositoryUnknown(name);
  }
}
