import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ExemptionCreate } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useExemptions(options: { namespace: string; cursor?: string }) {
  const api = useApi();
  const { namespace, ...query } = options;
  return useQuery({
    queryKey: ['exemptions', namespace, query],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/namespaces/{namespace}/exemptions', {
          params: { path: { namespace }, query },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    const stale = ['exemptions', 'namespaces', 'namespace', 'images', 'policy-preview', 'events'];
    await Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] })));
  };
}

export function useAddExemptions(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: ExemptionCreate) =>
      answerOf(
        api.client.POST('/namespaces/{namespace}/exemptions', { params: { path: { namespace } }, body }),
      ),
    onSuccess: refresh,
  });
}

export function useRemoveExemption(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (id: number) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/exemptions/{id}', {
          params: { path: { namespace, id } },
        }),
      ),
    onSuccess: refresh,
  });
}
