import { comparedKey, compareFor, selectCompared, showComparison } from '../answers/compare-images.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import { pageOf } from '../page-of.ts';

export function comparisonHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'compareImages' | 'listComparedFindings' | 'listComparedPackages'> {
  return {
    compareImages: async ({ image, namespace, caller, query }) =>
      await showComparison(
        dependencies,
        await compareFor(dependencies, { image, namespaceId: namespace.id, caller, with: query.with }),
      ),

    listComparedFindings: async ({ image, namespace, caller, query }) => {
      const asked = { image, namespaceId: namespace.id, caller, with: query.with };
      const { comparison } = await compareFor(dependencies, asked);
      const items = selectCompared(comparison.findings, query);
      const list = 'compared findings';
      return pageOf({ list, items, request: query, keyOf: comparedKey, show: (item) => item });
    },

    listComparedPackages: async ({ image, namespace, caller, query }) => {
      const asked = { image, namespaceId: namespace.id, caller, with: query.with };
      const { comparison } = await compareFor(dependencies, asked);
      const search = query.q?.toLowerCase();
      const items = comparison.packages.filter(
        ({ change, name }) =>
          (query.change === undefined || change === query.change) &&
          (search === undefined || name.toLowerCase().includes(search)),
      );
      return pageOf({
        list: 'compared packages',
        items,
        request: query,
        keyOf: ({ ecosystem, name }) => `${ecosystem}\n${name}`,
        show: ({ before, after, ...one }) => ({ ...one, before: [...before], after: [...after] }),
      });
    },
  };
}
