import { mountBlob as linkBlob } from '../../catalog/blobs.ts';
import { listRepositoriesHolding } from '../../catalog/repositories.ts';
import type { Digest } from '../../oci/digest.ts';
import { linkWithinQuota, refuseOverQuota } from '../admit-bytes.ts';
import { askPullGuard } from '../ask-guard.ts';
import { type Access, authorize, challengeOf } from '../authorize.ts';
import type { RegistryCall } from '../dependencies.ts';
import { type Refusal, refusals } from '../errors.ts';
import { repositoryToPush } from '../manifests/receive-manifest.ts';
import { type FullName, parseFullName } from '../parse-path.ts';

/** Repositories that are asked when the client names none: each costs a judgement. */
const sourcesMax = 10;

/** `upload`: the client shall send the bytes, whatever the reason, so that nothing is learnt of other repositories. */
export type MountResult = { readonly kind: 'mounted' } | { readonly kind: 'upload' } | Refusal;

interface Mount {
  readonly access: Access;
  readonly digest: Digest;
}

/**
 * Mounts a blob of another repository (distribution-spec v1.1 spec.md#mounting-a-blob-from-another-repository). It is a
 * pull of the source: it needs the right to pull there and the consent of the source's policy (threats.md A3, P9).
 * Without `from`, any source will do that these hold for.
 */
export async function mountBlob(
  call: RegistryCall,
  mount: Mount & { readonly from: string | null },
): Promise<MountResult> {
  const { access, digest } = mount;
  if (mount.from !== null) {
    const source = parseFullName(mount.from);
    return source === undefined ? { kind: 'upload' } : await mountFrom(call, { access, digest, source });
  }
  for (const name of await possibleSources(call, digest)) {
    const source = parseFullName(name);
    if (source === undefined) continue;
    // Nobody waits for the scan of a repository that he did not name: a guard that would wait throws the reason.
    const signal = AbortSignal.abort();
    const result = await mountFrom(call, { access, digest, source, signal }).catch((error: unknown) => {
      if (error !== signal.reason) throw error;
    });
    if (result?.kind === 'mounted' || (result?.kind === 'refused' && result.status === 403)) return result;
  }
  return { kind: 'upload' };
}

/** Full names only: whether the caller may pull there is decided for each as if he had named it. */
async function possibleSources(call: RegistryCall, digest: Digest): Promise<readonly string[]> {
  const { credentials, parts } = call;
  if (credentials.kind === 'token') {
    return credentials.grant.access
      .filter(({ actions }) => actions.includes('pull'))
      .map(({ name }) => name)
      .slice(0, sourcesMax);
  }
  if (credentials.kind !== 'password') return [];
  const { accountId, isAdmin } = credentials.principal;
  const visibleTo = isAdmin ? 'all' : { accountId };
  return await listRepositoriesHolding(parts.connection.db, { digest, visibleTo, limit: sourcesMax });
}

async function mountFrom(
  call: RegistryCall,
  mount: Mount & { readonly source: FullName; readonly signal?: AbortSignal },
): Promise<MountResult> {
  const { parts, request, reply } = call;
  const { digest } = mount;
  const source = await authorize({
    request,
    credentials: call.credentials,
    name: mount.source,
    action: 'pull',
    lookup: { blobDigest: digest },
    challenges: parts.challenges,
    readSituation: parts.readSituation,
  });
  if (source.kind === 'refused') {
    return source.status === 401 ? askForScopes(call, mount) : { kind: 'upload' };
  }
  const { blob } = source.situation;
  if (source.repository === undefined || blob === undefined) return { kind: 'upload' };
  const refused = await askPullGuard({
    guard: parts.pullGuard,
    access: { ...source, mayPush: false },
    repository: source.repository,
    target: { kind: 'blob', digest: blob.digest },
    method: 'GET',
    reply,
    ...(mount.signal === undefined ? {} : { signal: mount.signal }),
  });
  for (const header of ['warning', 'cache-control', 'vary']) reply.removeHeader(header);
  if (refused !== undefined) return { kind: 'upload' };
  // A missing or damaged copy is uploaded again, which repairs it.
  if ((await parts.store.size(blob.storageKey)) !== blob.sizeBytes) return { kind: 'upload' };
  const target = await repositoryToPush(call, mount.access);
  const { repositoryId } = target;
  const content = {
    access: mount.access,
    repositoryId,
    kind: 'blob',
    digest: blob.digest,
    sizeBytes: blob.sizeBytes,
  } as const;
  const isLinked = await linkWithinQuota(
    call,
    content,
    async () => await linkBlob(parts.connection.db, { digest: blob.digest, toRepositoryId: repositoryId }),
  );
  if (typeof isLinked !== 'boolean') {
    return await refuseOverQuota(call, { access: mount.access, over: isLinked });
  }
  parts.reach?.('mount.linked');
  return { kind: isLinked ? 'mounted' : 'upload' };
}

/**
 * The account may pull from the source and its token was not asked for that: as the CNCF distribution does, the client is
 * told to ask for both scopes in one token (RFC 6750 §3.1 insufficient_scope).
 */
function askForScopes(call: RegistryCall, mount: Mount & { readonly source: FullName }): Refusal {
  const target = mount.access.name.full;
  const source = mount.source.full;
  return refusals.unauthorized(
    `Cannot mount "${mount.digest}" from "${source}" with this token: it must have been asked for with that scope`,
    challengeOf(call.parts.challenges, {
      scope: mountScope({ target, source }),
      error: 'insufficient_scope',
    }),
  );
}

/** The scopes of a push to `target` that may mount from `source`, both full names. */
export function mountScope(names: { readonly target: string; readonly source: string }): string {
  return `repository:${names.target}:pull,push repository:${names.source}:pull`;
}
