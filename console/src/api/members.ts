import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Role } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useMembers(namespace: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['members', namespace],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/namespaces/{namespace}/members', {
          params: { path: { namespace }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function useSetMember(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role }) =>
      answerOf(
        api.client.PUT('/namespaces/{namespace}/members/{user}', {
          params: { path: { namespace, user } },
          body: { role },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['members', namespace] }),
  });
}

export function useRemoveMember(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (user: string) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/members/{user}', {
          params: { path: { namespace, user } },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['members', namespace] }),
  });
}
