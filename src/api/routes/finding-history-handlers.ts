import { listScopeChanges } from '../../lists/scope-changes.ts';
import {
  type FindingChangeFilter,
  type FindingChanges,
  type FindingChange as FoundChange,
  listFindingChanges,
  readResolvedFindings,
} from '../../scan/matches/finding-history.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { AtMost } from '../at-most.ts';
import type { HandlersOf } from '../call.ts';
import type { FindingChange, FindingChangeQuery } from '../contract/finding-change.ts';
import { decodeCursor } from '../cursor.ts';
import { holderScope, severityOrderOf } from '../holder-scope.ts';
import { limitOf, type Page, pageFromRows, pageOf } from '../page-of.ts';

export function findingHistoryHandlers({
  db,
  verdicts,
}: ApiDependencies): HandlersOf<'listFindingChanges' | 'listImageChanges' | 'listResolvedFindings'> {
  const pageOfChanges = async (
    query: FindingChangeQuery,
    read: (filter: FindingChangeFilter) => Promise<FindingChanges>,
  ): Promise<Page<FindingChange>> => {
    const list = 'finding-changes';
    const limit = limitOf(query);
    const before = decodeCursor(query.cursor, list, ['number'])?.[0];
    const { items, total, isMore } = await read({
      change: query.change,
      since: query.since === undefined ? undefined : new Date(query.since),
      before: before === undefined ? undefined : Number(before),
      limit: limit + 1,
    });
    const page = pageFromRows({
      list,
      rows: items,
      limit,
      total,
      keyOf: ({ key }) => [key],
      show: showChange,
    });
    return {
      ...page,
      ...(isMore ? { totalIsEstimate: true, totalIsMinimum: true } : {}),
    };
  };
  // As searches: they read many images of a namespace (threats.md F10).
  const costly = new AtMost({ atOnce: 3, patienceMs: 5_000 });
  return {
    listFindingChanges: ({ query, caller }) =>
      costly.run(async () => {
        const scope = await holderScope(db, { caller, namespace: query.namespace });
        const severityOrder = await severityOrderOf({ verdicts }, scope);
        return await pageOfChanges(query, (filter) =>
          listScopeChanges(db, scope, { ...filter, severityOrder }),
        );
      }),

    listImageChanges: async ({ image: { digest }, namespace, query }) => {
      const { severityOrder } = await verdicts.policyOf(namespace.id);
      return await pageOfChanges(query, (filter) =>
        listFindingChanges(db, { ...filter, digest, severityOrder }),
      );
    },

    listResolvedFindings: async ({ image, namespace, query }) => {
      const { severityOrder } = await verdicts.policyOf(namespace.id);
      const items = await readResolvedFindings(db, image.digest, severityOrder);
      return pageOf({
        list: 'resolved-findings',
        items,
        request: query,
        keyOf: ({ id, package: { ecosystem, name, version } }) => [id, ecosystem, name, version].join('\n'),
        show: ({ firstSeenAt, resolvedAt, aliases, ...same }) => ({
          ...same,
          aliases: [...aliases],
          firstSeenAt: firstSeenAt.toISOString(),
          resolvedAt: resolvedAt.toISOString(),
        }),
      });
    },
  };
}

function showChange(change: FoundChange): FindingChange {
  return {
    at: change.at.toISOString(),
    change: change.change,
    id: change.id,
    aliases: [...change.aliases],
    package: change.package,
    severity: change.severity,
    previousSeverity: change.previousSeverity ?? null,
    fixedVersion: change.fixedVersion ?? null,
    ...(change.fixedSource === undefined ? {} : { fixedSource: change.fixedSource }),
    firstSeenAt: change.firstSeenAt.toISOString(),
    resolvedAt: change.resolvedAt?.toISOString() ?? null,
  };
}
