import type { RobotGrant } from '../../api/answers.ts';

/** What a robot may do, as the API names it. */
export const permissions = ['pull', 'pull-push', 'pull-push-delete'] as const;

export const permissionOptions = [
  { value: 'pull', label: 'Pull' },
  { value: 'pull-push', label: 'Pull and push' },
  { value: 'pull-push-delete', label: 'Pull, push and delete' },
] as const;

export function permissionInWords(permission: string | undefined): string {
  return permissionOptions.find(({ value }) => value === permission)?.label ?? 'Nothing';
}

/** What the API calls every namespace, those made later too. */
export const everyNamespace = '*';

/** "Pull in every namespace; pull and push in team-a, team-b". */
export function grantsInWords(grants: readonly RobotGrant[]): string {
  const parts = permissions.flatMap((permission) => {
    const places = grants.filter((grant) => grant.permission === permission);
    if (places.length === 0) return [];
    const where = places.map(({ namespace }) =>
      namespace === everyNamespace ? 'every namespace' : namespace,
    );
    return [`${permissionInWords(permission).toLowerCase()} in ${where.join(', ')}`];
  });
  const text = parts.join('; ');
  return text === '' ? 'Nothing' : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
