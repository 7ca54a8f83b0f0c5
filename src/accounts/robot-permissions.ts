/** What a robot may do in a namespace; each brings the rights of a role. */
export type RobotPermission = 'pull' | 'pull-push' | 'pull-push-delete';

export const robotPermissions: readonly RobotPermission[] = ['pull', 'pull-push', 'pull-push-delete'];
