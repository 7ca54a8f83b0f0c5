import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Session } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';
import { ApiError } from './api-error.ts';

/** Who is signed in: null when nobody is. */
export function useSession() {
  const api = useApi();
  return useQuery({
    queryKey: ['session'],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        const session = await answerOf(api.client.GET('/session', { signal }));
        api.csrfToken = session.csrfToken;
        return session;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
  });
}

export function useSignIn() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { username: string; password: string }) =>
      answerOf(api.client.POST('/session', { body })),
    onSuccess: (session) => {
      api.csrfToken = session.csrfToken;
      queries.setQueryData(['session'], session);
    },
  });
}

export function useSignOut() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answerOf(api.client.DELETE('/session')),
    onSuccess: () => {
      api.csrfToken = undefined;
      queries.setQueryData(['session'], null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    },
  });
}

/** Where the account is signed in. */
export function useSessions() {
  const api = useApi();
  return useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/sessions', { params: { query: { limit: 200 } }, signal })),
  });
}

/** Ends one session by its id, or all but this one. */
export function useEndSession() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (which: number | 'others') =>
      which === 'others'
        ? answerOf(api.client.DELETE('/sessions'))
        : answerOf(api.client.DELETE('/sessions/{id}', { params: { path: { id: which } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
}

export function useChangePassword() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { currentPassword: string; newPassword: string }) =>
      answerOf(api.client.PUT('/password', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
}
