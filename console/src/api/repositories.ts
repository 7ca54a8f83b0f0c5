import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

/** Repositories of a namespace, by name. */
export function useRepositories(
  namespace: string,
  query: { readonly q?: string; readonly cursor?: string; readonly limit?: number },
) {
  const api = useApi();
  return useQuery({
    queryKey: ['repositories', namespace, query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/repositories', { params: { query: { ...query, namespace } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

/** Answers how many bytes it frees; `force` also deletes immutable tags. */
export function useDeleteRepository(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (query: { readonly repository: string; readonly force?: boolean }) =>
      answerOf(api.client.DELETE('/repositories/{namespace}', { params: { path: { namespace }, query } })),
    onSuccess: () =>
      Promise.all(
        ['repositories', 'images', 'namespace', 'namespaces', 'events'].map((key) =>
          queries.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}
