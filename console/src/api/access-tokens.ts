import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AccessTokenCreate } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useAccessTokens() {
  const api = useApi();
  return useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/tokens', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useCreateAccessToken() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    // The answer bears the secret: it must not stay in memory after the dialog.
    gcTime: 0,
    mutationFn: (body: AccessTokenCreate) => answerOf(api.client.POST('/tokens', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
}

export function useRevokeAccessToken() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => answerOf(api.client.DELETE('/tokens/{id}', { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
}

/** Those of another user, for system admins. */
export function useAccessTokensOf(name: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['users', name, 'tokens'],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/users/{name}/tokens', {
          params: { path: { name }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function useRevokeAccessTokenOf(name: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      answerOf(api.client.DELETE('/users/{name}/tokens/{id}', { params: { path: { name, id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users', name, 'tokens'] }),
  });
}
