import type { FastifyReply } from 'fastify';
import type { Transaction } from 'kysely';
import { recordEvent } from '../accounts/events.ts';
import { type DeleteResult, deleteBlob, deleteManifest, deleteTag } from '../catalog/delete-content.ts';
import type { DecideTagMove } from '../catalog/tag-moves.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import { authorize, repositoryUnknown } from './authorize.ts';
import { blobUnknown } from './blobs/get-blob.ts';
import type { RegistryCall } from './dependencies.ts';
import { type Refusal, refusals, refuse } from './errors.ts';
import { manifestUnknown } from './manifests/get-manifest.ts';
import { isReferrerFallback } from './manifests/referrer-fallback.ts';
import type { FullName, ManifestReference } from './parse-path.ts';

export type Deletion =
  | { readonly kind: 'manifest'; readonly name: FullName; readonly reference: ManifestReference }
  | { readonly kind: 'blob'; readonly name: FullName; readonly digest: Digest };

/** DELETE of a tag, a manifest or a blob: one gate for all (distribution-spec v1.1 spec.md#content-management; threats.md A11). */
export async function deleteContent(call: RegistryCall, deletion: Deletion): Promise<FastifyReply> {
  const { parts, request, reply } = call;
  const { name } = deletion;
  const access = await authorize({
    request,
    credentials: call.credentials,
    name,
    action: 'delete',
    challenges: parts.challenges,
    readSituation: parts.readSituation,
    denials: parts.login.denials,
  });
  if (access.kind === 'refused') return refuse(reply, access);
  const { repository, requester } = access;
  if (repository === undefined) return refuse(reply, repositoryUnknown(name));
  const decideTagMove: DecideTagMove = async (transaction, move) => {
    parts.reach?.('delete.in-transaction');
    return await parts.pushGuard.decideTagMove(transaction, {
      requester,
      repository,
      ...move,
      isReferrerFallback:
        move.currentDigest !== undefined &&
        (await isReferrerFallback(transaction, { tag: move.tag, digest: move.currentDigest })),
    });
  };
  const { db } = parts.connection;
  const { repositoryId } = repository;
  const common = {
    repositoryId,
    decideTagMove,
    onDeleted: async (transaction: Transaction<Tables>, freedBytes: number) => {
      await recordEvent(transaction, {
        kind: kindOf(deletion),
        namespaceId: repository.namespaceId,
        actor: requester.name,
        client: requester.client,
        subject: `${repository.repository}${suffixOf(deletion)}`,
        details: { freedBytes },
      });
    },
  };
  let result: DeleteResult;
  if (deletion.kind === 'blob') {
    result = await deleteBlob(db, { ...common, digest: deletion.digest });
  } else if (deletion.reference.kind === 'tag') {
    result = await deleteTag(db, { ...common, tag: deletion.reference.tag });
  } else {
    result = await deleteManifest(db, { ...common, digest: deletion.reference.digest });
  }
  parts.reach?.('delete.recorded');
  switch (result.kind) {
    case 'deleted':
      return reply.code(202).send();
    case 'not-found':
      return refuse(reply, notFound(deletion));
    case 'refused':
      return refuse(reply, refusals.conflict(result.message, result.detail));
  }
}

function kindOf(deletion: Deletion): string {
  if (deletion.kind === 'blob') return 'blob.deleted';
  return deletion.reference.kind === 'tag' ? 'tag.deleted' : 'image.deleted';
}

function suffixOf(deletion: Deletion): string {
  if (deletion.kind === 'blob') return `@${deletion.digest}`;
  const { reference } = deletion;
  return reference.kind === 'tag' ? `:${reference.tag}` : `@${reference.digest}`;
}

function notFound(deletion: Deletion): Refusal {
  return deletion.kind === 'blob'
    ? blobUnknown(deletion)
    : manifestUnknown(deletion.name, deletion.reference);
}
