import { type RobotPermission, robotPermissions } from '../../accounts/robot-permissions.ts';
import type { RobotGrant } from '../../accounts/robots.ts';

export type { RobotGrant, RobotPermission };

/** What `--permission` takes. */
export const permissionChoices = robotPermissions;

/** Reads `<namespace>=<permission>`, `*` for every namespace; undefined when it is none. */
export function parseRobotGrant(text: string): RobotGrant | undefined {
  const [namespace = '', name = ''] = text.split('=', 2);
  const permission = robotPermissions.find((one) => one === name);
  return namespace === '' || permission === undefined ? undefined : { namespace, permission };
}
