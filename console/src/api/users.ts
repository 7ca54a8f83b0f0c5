import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

export function useUsers() {
  const api = useApi();
  return useQuery({
    queryKey: ['users'],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/users', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useCreateUser() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; password?: string; isAdmin: boolean }) =>
      answerOf(api.client.POST('/users', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
  });
}

export function useChangeUser() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({
      name,
      ...body
    }: {
      name: string;
      isAdmin?: boolean;
      disabled?: boolean;
      password?: string;
    }) => answerOf(api.client.PATCH('/users/{name}', { params: { path: { name } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
  });
}

export function useDeleteUser() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      answerOf(api.client.DELETE('/users/{name}', { params: { path: { name } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
  });
}

export function useEndSessionsOf() {
  const api = useApi();
  return useMutation({
    mutationFn: (name: string) =>
      answerOf(api.client.DELETE('/users/{name}/sessions', { params: { path: { name } } })),
  });
}
