import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ImmutabilityRuleCreate } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useImmutabilityRules(namespace: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['immutability-rules', namespace],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/namespaces/{namespace}/immutability-rules', {
          params: { path: { namespace }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

/** Which existing tags the rule alone would make immutable. */
export function useImmutabilityPreview(options: {
  namespace: string;
  rule: ImmutabilityRuleCreate;
  enabled: boolean;
}) {
  const api = useApi();
  const { namespace, rule, enabled } = options;
  return useQuery({
    queryKey: ['immutability-preview', namespace, rule],
    enabled,
    retry: false,
    queryFn: ({ signal }) =>
      answerOf(
        api.client.POST('/namespaces/{namespace}/immutability-rules/preview', {
          params: { path: { namespace } },
          body: rule,
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ['immutability-rules'] });
}

export function useAddImmutabilityRule(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: ImmutabilityRuleCreate) =>
      answerOf(
        api.client.POST('/namespaces/{namespace}/immutability-rules', {
          params: { path: { namespace } },
          body,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useSwitchImmutabilityRule(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ id, enabled }: { id: number; enabled: boolean }) =>
      answerOf(
        api.client.PATCH('/namespaces/{namespace}/immutability-rules/{id}', {
          params: { path: { namespace, id } },
          body: { enabled },
        }),
      ),
    onSuccess: refresh,
  });
}

export function useDeleteImmutabilityRule(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (id: number) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/immutability-rules/{id}', {
          params: { path: { namespace, id } },
        }),
      ),
    onSuccess: refresh,
  });
}
