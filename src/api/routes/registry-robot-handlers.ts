import {
  everyNamespace,
  listRobots,
  type NamespacePermission,
  type RobotGrant,
} from '../../accounts/robots.ts';
import type { Database } from '../../database/database.ts';
import { showRobot } from '../answers/show-robot.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import { badRequest } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { addRobotSecret, alterRobot, dropRobot, dropRobotSecret, makeRobot } from '../robot-changes.ts';

/** Robots of the registry, with permissions in whatever namespaces a system admin names. */
export function registryRobotHandlers(
  dependencies: ApiDependencies,
): HandlersOf<
  | 'listRegistryRobots'
  | 'createRegistryRobot'
  | 'changeRegistryRobot'
  | 'deleteRegistryRobot'
  | 'createRegistryRobotSecret'
  | 'revokeRegistryRobotSecret'
> {
  const { db } = dependencies;
  return {
    listRegistryRobots: async ({ query, now }) =>
      pageOf({
        list: 'registry-robots',
        items: await listRobots(db, { of: 'registry' }),
        request: query,
        keyOf: ({ login }) => login,
        show: (robot) => showRobot(robot, { now }),
      }),

    createRegistryRobot: async (call) => {
      const { body, now } = call;
      const permissions = await permissionsOf(db, body.permissions);
      const made = await makeRobot(dependencies, call, { ...body, permissions, details: body.permissions });
      return { robot: showRobot(made.robot, { now }), secret: made.secret };
    },

    changeRegistryRobot: async (call) => {
      const { params, body, now } = call;
      const { permissions, description, disabled } = body;
      const change = {
        robot: params.robot,
        description,
        disabled,
        ...(permissions === undefined ? {} : { permissions: await permissionsOf(db, permissions) }),
        details: body,
      };
      return showRobot(await alterRobot(dependencies, call, change), { now });
    },

    deleteRegistryRobot: async (call) => {
      await dropRobot(dependencies, call, call.params.robot);
      return undefined;
    },

    createRegistryRobotSecret: async (call) =>
      await addRobotSecret(dependencies, call, { ...call.body, robot: call.params.robot }),

    revokeRegistryRobotSecret: async (call) => {
      await dropRobotSecret(dependencies, call, call.params);
      return undefined;
    },
  };
}

/** By id. Throws 400 for namespaces that do not exist or are named twice. */
async function permissionsOf(
  db: Database,
  grants: readonly RobotGrant[],
): Promise<readonly NamespacePermission[]> {
  if (grants.length === 0) return [];
  const names = grants.map(({ namespace }) => namespace);
  const rows = await db.selectFrom('namespace').select(['id', 'name']).where('name', 'in', names).execute();
  const idByName = new Map(rows.map(({ id, name }) => [name, id]));
  if (new Set(names).size < names.length) {
    throw badRequest('Cannot set the permissions: each namespace must be named once');
  }
  return grants.map(({ namespace, permission }) => {
    if (namespace === everyNamespace) return { namespaceId: everyNamespace, permission };
    const namespaceId = idByName.get(namespace);
    if (namespaceId !== undefined) return { namespaceId, permission };
    throw badRequest(`Cannot give a permission in namespace "${namespace}": there is none of that name`);
  });
}
