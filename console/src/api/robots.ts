import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RobotChange, RobotCreate, RobotSecretCreate } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

/** Robots with a permission in the namespace. */
export function useRobots(namespace: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['robots', namespace],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/namespaces/{namespace}/robots', {
          params: { path: { namespace }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function useCreateRobot(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    // The answer bears the secret: it must not stay in memory after the dialog.
    gcTime: 0,
    mutationFn: (body: RobotCreate) =>
      answerOf(api.client.POST('/namespaces/{namespace}/robots', { params: { path: { namespace } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots', namespace] }),
  });
}

export function useChangeRobot(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ robot, ...body }: RobotChange & { robot: string }) =>
      answerOf(
        api.client.PATCH('/namespaces/{namespace}/robots/{robot}', {
          params: { path: { namespace, robot } },
          body,
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots', namespace] }),
  });
}

export function useDeleteRobot(namespace: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (robot: string) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/robots/{robot}', {
          params: { path: { namespace, robot } },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots', namespace] }),
  });
}

export function useCreateRobotSecret(namespace: string, robot: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (body: RobotSecretCreate) =>
      answerOf(
        api.client.POST('/namespaces/{namespace}/robots/{robot}/secrets', {
          params: { path: { namespace, robot } },
          body,
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots', namespace] }),
  });
}

export function useRevokeRobotSecret(namespace: string, robot: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/robots/{robot}/secrets/{id}', {
          params: { path: { namespace, robot, id } },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots', namespace] }),
  });
}
