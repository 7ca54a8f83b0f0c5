import { permissionIn, type Robot } from '../../accounts/robots.ts';
import type { Robot as RobotShown } from '../contract/robot.ts';
import { showSecret } from './show-secret.ts';

/** `within`: only what concerns the namespace of that name; the secrets of a robot of the registry are its admins' affair. */
export function showRobot(
  robot: Robot,
  options: { readonly now: Date; readonly within?: string },
): RobotShown {
  const { now, within } = options;
  const isForeign = within !== undefined && robot.namespace !== within;
  const lastUses = robot.secrets.flatMap(({ lastUsedAt }) => lastUsedAt?.getTime() ?? []);
  return {
    name: robot.name,
    login: robot.login,
    namespace: robot.namespace ?? null,
    permissions: within === undefined ? [...robot.grants] : permissionsWithin(robot, within),
    description: robot.description,
    disabled: robot.isDisabled,
    createdAt: robot.createdAt.toISOString(),
    createdBy: robot.createdBy ?? null,
    lastUsedAt: lastUses.length === 0 ? null : new Date(Math.max(...lastUses)).toISOString(),
    secrets: isForeign ? [] : robot.secrets.map((secret) => showSecret(secret, now)),
  };
}

function permissionsWithin(robot: Robot, namespace: string): RobotShown['permissions'] {
  const permission = permissionIn(robot, namespace);
  return permission === undefined ? [] : [{ namespace, permission }];
}
