import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RobotGrant, RobotSecretCreate } from './answers.ts';
import { type Api, answerOf } from './api.ts';
import { useApi } from './api-context.ts';

/** Where robots are kept: a namespace by name, or null for the registry. */
export type RobotHome = string | null;

const queryKeyOf = (home: RobotHome) => ['robots', home];

/** Robots with a permission in the namespace, or those of the registry. */
export function useRobots(home: RobotHome) {
  const api = useApi();
  return useQuery({
    queryKey: queryKeyOf(home),
    queryFn: ({ signal }) => {
      const query = { limit: 200 };
      if (home === null) return answerOf(api.client.GET('/robots', { params: { query }, signal }));
      const params = { path: { namespace: home }, query };
      return answerOf(api.client.GET('/namespaces/{namespace}/robots', { params, signal }));
    },
  });
}

/** A change of the robots of a home. Answers bear secrets: they must not stay in memory after the dialog. */
function useRobotMutation<Wanted, Answer>(
  home: RobotHome,
  change: (client: Api['client'], wanted: Wanted) => Promise<Answer>,
) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (wanted: Wanted) => change(api.client, wanted),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeyOf(home) }),
  });
}

interface RobotWanted {
  readonly name: string;
  readonly description: string;
  readonly expiresAt?: string;
  /** Of a robot of a namespace the first one counts. */
  readonly grants: readonly RobotGrant[];
}

export function useCreateRobot(home: RobotHome) {
  return useRobotMutation(home, (client, { grants, ...robot }: RobotWanted) => {
    if (home === null) {
      return answerOf(client.POST('/robots', { body: { ...robot, permissions: [...grants] } }));
    }
    const body = { ...robot, permission: grants[0]?.permission ?? 'pull' };
    const params = { path: { namespace: home } };
    return answerOf(client.POST('/namespaces/{namespace}/robots', { params, body }));
  });
}

export function useChangeRobot(home: RobotHome) {
  interface Change {
    readonly robot: string;
    readonly disabled?: boolean;
    /** As in `RobotWanted`. */
    readonly grants?: readonly RobotGrant[];
  }
  return useRobotMutation(home, (client, { robot, grants, ...change }: Change) => {
    if (home === null) {
      const body = { ...change, ...(grants !== undefined && { permissions: [...grants] }) };
      return answerOf(client.PATCH('/robots/{robot}', { params: { path: { robot } }, body }));
    }
    const params = { path: { namespace: home, robot } };
    const body = { ...change, ...(grants?.[0] !== undefined && { permission: grants[0].permission }) };
    return answerOf(client.PATCH('/namespaces/{namespace}/robots/{robot}', { params, body }));
  });
}

export function useDeleteRobot(home: RobotHome) {
  return useRobotMutation(home, (client, robot: string) => {
    if (home === null) return answerOf(client.DELETE('/robots/{robot}', { params: { path: { robot } } }));
    const params = { path: { namespace: home, robot } };
    return answerOf(client.DELETE('/namespaces/{namespace}/robots/{robot}', { params }));
  });
}

export function useCreateRobotSecret(home: RobotHome, robot: string) {
  return useRobotMutation(home, (client, body: RobotSecretCreate) => {
    if (home === null) {
      return answerOf(client.POST('/robots/{robot}/secrets', { params: { path: { robot } }, body }));
    }
    const params = { path: { namespace: home, robot } };
    return answerOf(client.POST('/namespaces/{namespace}/robots/{robot}/secrets', { params, body }));
  });
}

export function useRevokeRobotSecret(home: RobotHome, robot: string) {
  return useRobotMutation(home, (client, id: number) => {
    if (home === null) {
      return answerOf(client.DELETE('/robots/{robot}/secrets/{id}', { params: { path: { robot, id } } }));
    }
    const params = { path: { namespace: home, robot, id } };
    return answerOf(client.DELETE('/namespaces/{namespace}/robots/{robot}/secrets/{id}', { params }));
  });
}
