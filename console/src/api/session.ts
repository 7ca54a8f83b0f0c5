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
