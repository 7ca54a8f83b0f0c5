import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';
import type { paths } from './schema.ts';

/** The list of a mirror's ecosystems is no feed, but the status of the feeds tells of it while it cannot be read. */
const ecosystemList = 'ecosystems.txt';

type FeedList = paths['/advisories']['get']['responses'][200]['content']['application/json'];

export interface Feeds extends FeedList {
  /** Why the list of a mirror's ecosystems could not be read; without it none of them is updated. */
  readonly listError: string | null;
}

function withoutList(list: FeedList): Feeds {
  return {
    ...list,
    items: list.items.filter(({ name }) => name !== ecosystemList),
    listError: list.items.find(({ name }) => name === ecosystemList)?.lastError ?? null,
  };
}

export function useFeeds() {
  const api = useApi();
  return useQuery({
    queryKey: ['feeds'],
    queryFn: ({ signal }) => answerOf(api.client.GET('/advisories', { signal })),
    select: withoutList,
    refetchInterval: 5000,
  });
}

/** The last updates of a feed, or of all, newest first: those that were applied, and attempts that failed. */
export function useFeedUpdates(feed: string | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ['feeds', 'updates', feed],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/advisories/history', {
          params: { query: feed === undefined ? {} : { feed } },
          signal,
        }),
      ),
    select: ({ items }) => items,
    refetchInterval: 5000,
  });
}

/** Whether the feed was ever read: until then its silence on a vulnerability means nothing. Undefined while loading. */
export function useFeedWasRead(name: 'KEV' | 'EPSS'): boolean | undefined {
  const feeds = useFeeds();
  if (feeds.data === undefined) return undefined;
  return feeds.data.items.some((feed) => feed.name === name && feed.lastSuccessAt !== null);
}

export function useSyncAdvisories() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answerOf(api.client.POST('/advisories/sync')),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['feeds'] }),
  });
}

export function useVulnerability(id: string | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ['vulnerability', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/vulnerabilities/{id}', { params: { path: { id: id ?? '' } }, signal })),
  });
}

export function useSystem() {
  const api = useApi();
  return useQuery({
    queryKey: ['system'],
    queryFn: ({ signal }) => answerOf(api.client.GET('/system', { signal })),
    refetchInterval: 15_000,
  });
}
