import { listRobots } from '../../accounts/robots.ts';
import { showRobot } from '../answers/show-robot.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import { pageOf } from '../page-of.ts';
import { addRobotSecret, alterRobot, dropRobot, dropRobotSecret, makeRobot } from '../robot-changes.ts';

/** Robots of a namespace: its admins make them, and they can do nothing elsewhere. */
export function robotHandlers(
  dependencies: ApiDependencies,
): HandlersOf<
  'listRobots' | 'createRobot' | 'changeRobot' | 'deleteRobot' | 'createRobotSecret' | 'revokeRobotSecret'
> {
  const { db } = dependencies;
  return {
    listRobots: async ({ namespace, query, now }) =>
      pageOf({
        list: 'robots',
        items: await listRobots(db, { namespaceId: namespace.id }),
        request: query,
        keyOf: ({ login }) => login,
        show: (robot) => showRobot(robot, { now, within: namespace.name }),
      }),

    createRobot: async (call) => {
      const { namespace, body, now } = call;
      const permissions = [{ namespaceId: namespace.id, permission: body.permission }];
      const details = [{ namespace: namespace.name, permission: body.permission }];
      const made = await makeRobot(dependencies, call, { ...body, permissions, details });
      return { robot: showRobot(made.robot, { now }), secret: made.secret };
    },

    changeRobot: async (call) => {
      const { namespace, params, body, now } = call;
      const { permission, description, disabled } = body;
      const permissions =
        permission === undefined ? {} : { permissions: [{ namespaceId: namespace.id, permission }] };
      const change = { robot: params.robot, description, disabled, ...permissions, details: body };
      return showRobot(await alterRobot(dependencies, call, change), { now });
    },

    deleteRobot: async (call) => {
      await dropRobot(dependencies, call, call.params.robot);
      return undefined;
    },

    createRobotSecret: async (call) =>
      await addRobotSecret(dependencies, call, { ...call.body, robot: call.params.robot }),

    revokeRobotSecret: async (call) => {
      await dropRobotSecret(dependencies, call, call.params);
      return undefined;
    },
  };
}
