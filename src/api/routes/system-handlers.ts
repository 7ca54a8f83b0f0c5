import { isEcosystemFeed } from '../../advisories/feed-names.ts';
import { feedReadiness, readFeedStatus } from '../../advisories/feed-status.ts';
import { listNamespaces } from '../../catalog/namespaces.ts';
import { countImages } from '../../lists/image-counts.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { apiDocument } from '../api-document.ts';
import type { HandlersOf } from '../call.ts';
import { visibleTo } from '../caller.ts';
import { visibleImages } from '../visible-images.ts';

export function systemHandlers(dependencies: ApiDependencies): HandlersOf<'getSystem' | 'getOpenApi'> {
  const { db, version, advisoryOrigin } = dependencies;
  const document = apiDocument();
  return {
    getSystem: async ({ caller, request }) => {
      const filter = await visibleImages(db, { caller, filter: {}, right: 'read' });
      const [feeds, namespaces, images] = await Promise.all([
        readFeedStatus(db),
        listNamespaces(db, { visibleTo: visibleTo(caller), limit: 1 }),
        countImages(db, filter),
      ]);
      const { ready, message } = feedReadiness(feeds, advisoryOrigin);
      const advisories = feeds
        .filter(({ name }) => isEcosystemFeed(name))
        .reduce((sum, { recordCount }) => sum + recordCount, 0);
      return {
        version,
        externalUrl: externalUrlOf(dependencies, request),
        feeds: { ready, message },
        counts: { namespaces: namespaces.total, images, advisories },
      };
    },

    getOpenApi: async () => document,
  };
}
