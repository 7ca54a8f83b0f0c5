import { mountBlob as linkBlob } from '../catalog/blobs.ts';
import type { Digest } from '../oci/digest.ts';
import { askPullGuard } from './ask-guard.ts';
import { type Access, authorize } from './authorize.ts';
import type { RegistryCall } from './dependencies.ts';
import { parseFullName } from './parse-path.ts';
import { repositoryToPush } from './receive-manifest.ts';

/**
 * Mounts a blob of another repository (distribution-spec v1.1 spec.md#mounting-a-blob-from-another-repository). It is a
 * pull of the source: it needs the right to pull there and the consent of the source's policy (threats.md A3, P9).
 * False: the client shall upload it, whatever the reason, so that nothing is learnt of other repositories.
 */
export async function mountBlob(
  call: RegistryCall,
  mount: { readonly access: Access; readonly digest: Digest; readonly from: string | null },
): Promise<boolean> {
  const { parts, request, reply } = call;
  const { digest } = mount;
  const from = mount.from === null ? undefined : parseFullName(mount.from);
  if (from === undefined) return false;
  const source = await authorize({
    request,
    credentials: call.credentials,
    name: from,
    action: 'pull',
    lookup: { blobDigest: digest },
    challenges: parts.challenges,
    readSituation: parts.readSituation,
  });
  if (source.kind === 'refused' || source.repository === undefined) return false;
  const { blob } = source.situation;
  if (blob === undefined) return false;
  const refused = await askPullGuard({
    guard: parts.pullGuard,
    access: { ...source, mayPush: false },
    repository: source.repository,
    target: { kind: 'blob', digest },
    method: 'GET',
    reply,
  });
  for (const header of ['warning', 'cache-control', 'vary']) reply.removeHeader(header);
  if (refused !== undefined) return false;
  // A missing or damaged copy is uploaded again, which repairs it.
  if ((await parts.store.size(blob.storageKey)) !== blob.sizeBytes) return false;
  const target = await repositoryToPush(call, mount.access);
  return await linkBlob(parts.connection.db, { digest, toRepositoryId: target.repositoryId });
}
