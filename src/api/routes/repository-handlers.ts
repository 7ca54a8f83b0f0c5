import { deleteRepository, deleteTag } from '../../catalog/delete-content.ts';
import { listImmutabilityRules } from '../../catalog/immutability-rules.ts';
import { findRepository, listRepositories, type RepositorySummary } from '../../catalog/repositories.ts';
import { listTags } from '../../catalog/tags.ts';
import { parseRepositoryName, parseTag } from '../../oci/names.ts';
import { immutableBy } from '../../policy/immutability.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { authorizeNamespace, type NamespaceScope } from '../authorize.ts';
import type { Call, HandlersOf } from '../call.ts';
import { visibleTo } from '../caller.ts';
import type { Deleted } from '../contract/operations/deleted.ts';
import type { Operations } from '../contract/operations/operations.ts';
import type { Repository } from '../contract/repository.ts';
import { decodeCursor } from '../cursor.ts';
import { tagGuardOf } from '../decide-tag-move.ts';
import { conflict, forbidden, notFound } from '../errors.ts';
import { limitOf, pageFromRows } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

export function repositoryHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listRepositories' | 'listTags' | 'deleteRepository' | 'deleteTag'> {
  const { db } = dependencies;
  return {
    listRepositories: async ({ query, caller }) => {
      const limit = limitOf(query);
      const after = decodeCursor(query.cursor, 'repositories', ['string', 'string']);
      const inside = query.namespace;
      const scope =
        inside === undefined
          ? undefined
          : await authorizeNamespace(db, { caller, namespace: inside, right: 'read' });
      const { items, total } = await listRepositories(db, {
        visibleTo: visibleTo(caller),
        ...(scope === undefined ? {} : { namespaceId: scope.id }),
        ...(query.q === undefined ? {} : { query: query.q.toLowerCase() }),
        ...(after === undefined
          ? {}
          : { after: { namespace: String(after[0]), repository: String(after[1]) } }),
        limit: limit + 1,
      });
      const keyOf = ({ namespace, repository }: RepositorySummary) => [namespace, repository];
      return pageFromRows({ list: 'repositories', rows: items, limit, total, keyOf, show: showRepository });
    },

    listTags: async ({ namespace, query }) => {
      const repository = await requireRepository(dependencies, namespace, query.repository);
      const limit = limitOf(query);
      const after = decodeCursor(query.cursor, 'tags', ['string'])?.[0];
      const { repositoryId } = repository;
      const page = {
        repositoryId,
        ...(after === undefined ? {} : { after: String(after) }),
        limit: limit + 1,
      };
      const [{ items, total }, rules] = await Promise.all([
        listTags(db, page),
        listImmutabilityRules(db, namespace.id),
      ]);
      const show = ({ tag, imageId, digest, updatedAt }: (typeof items)[number]) => ({
        name: tag,
        imageId,
        digest,
        immutable: immutableBy(rules, { repository: repository.repository, tag }).length > 0,
        updatedAt: updatedAt.toISOString(),
      });
      return pageFromRows({ list: 'tags', rows: items, limit, total, keyOf: ({ tag }) => [tag], show });
    },

    deleteRepository: (call) => removeRepository(dependencies, call),

    deleteTag: async (call) => {
      const { namespace, query, caller, request } = call;
      const repository = await requireRepository(dependencies, namespace, query.repository);
      const tag = parseTag(query.tag);
      const unknown = () =>
        notFound(`Cannot delete tag "${query.tag}": "${query.repository}" has none of that name`);
      if (tag === undefined) throw unknown();
      const result = await deleteTag(db, {
        repositoryId: repository.repositoryId,
        tag,
        decideTagMove: tagGuardOf(dependencies, { caller, request, repository }),
        onDeleted: (transaction) =>
          recordChange(transaction, call, { kind: 'tag.deleted', subject: `${query.repository}:${tag}` }),
      });
      if (result.kind === 'not-found') throw unknown();
      if (result.kind === 'refused') throw conflict(result.message, result.detail);
      return undefined;
    },
  };
}

async function removeRepository(
  dependencies: ApiDependencies,
  call: Call<Operations['deleteRepository']>,
): Promise<Deleted> {
  const { namespace, query, caller, request } = call;
  const repository = await requireRepository(dependencies, namespace, query.repository);
  const isForced = query.force === true;
  if (isForced && !namespace.rights.has('configure')) {
    throw forbidden(
      `Cannot delete repository "${query.repository}" by force: it needs the role admin, got ${namespace.role}`,
      { right: 'configure', role: namespace.role },
    );
  }
  const result = await deleteRepository(dependencies.db, {
    repositoryId: repository.repositoryId,
    overridesImmutability: isForced,
    decideTagMove: tagGuardOf(dependencies, { caller, request, repository }),
    onDeleted: async (transaction, freedBytes) => {
      const details = { freedBytes, force: isForced };
      const change = { kind: 'repository.deleted', subject: query.repository, details };
      await recordChange(transaction, call, change);
    },
  });
  if (result.kind === 'not-found') throw unknownRepository(namespace, query.repository);
  if (result.kind === 'refused') throw conflict(result.message, result.detail);
  return { freedBytes: result.freedBytes };
}

async function requireRepository({ db }: ApiDependencies, namespace: NamespaceScope, name: string) {
  const parsed = parseRepositoryName(name);
  const found =
    parsed === undefined
      ? undefined
      : await findRepository(db, { namespace: namespace.name, repository: parsed });
  if (found === undefined) throw unknownRepository(namespace, name);
  return found;
}

function unknownRepository(namespace: NamespaceScope, name: string) {
  return notFound(`Cannot find repository "${name}": namespace "${namespace.name}" has none of that name`);
}

function showRepository({
  namespace,
  repository,
  tagCount,
  imageCount,
  updatedAt,
}: RepositorySummary): Repository {
  return { namespace, name: repository, tagCount, imageCount, updatedAt: updatedAt.toISOString() };
}
