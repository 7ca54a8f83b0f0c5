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
