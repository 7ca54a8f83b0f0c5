import { deleteTag } from '../../catalog/delete-content.ts';
import { listImmutabilityRules } from '../../catalog/immutability-rules.ts';
import { findRepository, listRepositories, type RepositorySummary } from '../../catalog/repositories.ts';
import { listTags } from '../../catalog/tags.ts';
import { parseRepositoryName, parseTag } from '../../oci/names.ts';
import { immutableBy } from '../../policy/immutability.ts';
import { isReferrerFallback } from '../../registry/referrer-fallback.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { authorizeNamespace, type NamespaceScope } from '../authorize.ts';
import type { HandlersOf } from '../call.ts';
import { visibleTo } from '../caller.ts';
import type { Repository } from '../contract/repository.ts';
import { decodeCursor } from '../cursor.ts';
import { conflict, notFound } from '../errors.ts';
import { limitOf, pageFromRows } from '../page-of.ts';
import { clientOf, recordChange } from '../record-change.ts';

export function repositoryHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listRepositories' | 'listTags' | 'deleteTag'> {
  const { db, pushGuard } = dependencies;
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

    deleteTag: async (call) => {
      const { namespace, query, caller, request } = call;
      const repository = await requireRepository(dependencies, namespace, query.repository);
      const tag = parseTag(query.tag);
      const unknown = () =>
        notFound(`Cannot delete tag "${query.tag}": "${query.repository}" has none of that name`);
      if (tag === undefined) throw unknown();
      const { accountId, name } = caller.principal;
      const requester = { name, accountId, client: clientOf(request) };
      const result = await deleteTag(db, {
        repositoryId: repository.repositoryId,
        tag,
        decideTagMove: async (transaction, move) => {
          const { currentDigest } = move;
          const isFallback =
            currentDigest !== undefined &&
            (await isReferrerFallback(transaction, { tag, digest: currentDigest }));
          const asked = { ...move, requester, repository, isReferrerFallback: isFallback };
          return await pushGuard.decideTagMove(transaction, asked);
        },
      });
      if (result.kind === 'not-found') throw unknown();
      if (result.kind === 'refused') throw conflict(result.message, result.detail);
      await recordChange(db, call, { kind: 'tag.deleted', subject: `${query.repository}:${tag}` });
      return undefined;
    },
  };
}

async function requireRepository({ db }: ApiDependencies, namespace: NamespaceScope, name: string) {
  const parsed = parseRepositoryName(name);
  const found =
    parsed === undefined
      ? undefined
      : await findRepository(db, { namespace: namespace.name, repository: parsed });
  if (found === undefined)
    throw notFound(`Cannot find repository "${name}": namespace "${namespace.name}" has none of that name`);
  return found;
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
