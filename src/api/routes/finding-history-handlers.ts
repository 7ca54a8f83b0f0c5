import type { SeverityOrder } from '../../report/severity-order.ts';
import {
  type FindingChange as FoundChange,
  listFindingChanges,
  readResolvedFindings,
} from '../../scan/matches/finding-history.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { FindingChange, FindingChangeQuery } from '../contract/finding-change.ts';
import { decodeCursor } from '../cursor.ts';
import { limitOf, type Page, pageFromRows, pageOf } from '../page-of.ts';

export function findingHistoryHandlers({
  db,
  verdicts,
}: ApiDependencies): HandlersOf<'listFindingChanges' | 'listImageChanges' | 'listResolvedFindings'> {
  const pageOfChanges = async (
    query: FindingChangeQuery,
    image?: { readonly digest: string; readonly severityOrder: SeverityOrder | undefined },
  ): Promise<Page<FindingChange>> => {
    const list = 'finding-changes';
    const limit = limitOf(query);
    const before = decodeCursor(query.cursor, list, ['number'])?.[0];
    const { items, total, isMore } = await listFindingChanges(db, {
      ...image,
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
    return { ...page, ...(isMore ? { totalIsEstimate: true, totalIsMinimum: true } : {}) };
  };
  return {
    listFindingChanges: async ({ query }) => await pageOfChanges(query),

    listImageChanges: async ({ image: { digest }, namespace, query }) => {
      const { severityOrder } = await verdicts.policyOf(namespace.id);
      return await pageOfChanges(query, { digest, severityOrder });
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

function showChange({ key: _, ...change }: FoundChange): FindingChange {
  return {
    at: change.at.toISOString(),
    change: change.change,
    id: change.id,
    aliases: [...change.aliases],
    package: change.package,
    severity: change.severity,
    previousSeverity: change.previousSeverity ?? null,
    fixedVersion: change.fixedVersion ?? null,
    firstSeenAt: change.firstSeenAt.toISOString(),
    resolvedAt: change.resolvedAt?.toISOString() ?? null,
  };
}
