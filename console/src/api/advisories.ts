import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useFeeds() {
  const api = useApi();
  return useQuery({
    queryKey: ['feeds'],
    queryFn: ({ signal }) => answerOf(api.client.GET('/advisories', { signal })),
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
