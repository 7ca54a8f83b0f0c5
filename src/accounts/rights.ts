/** Who acts: a signed-in account or nobody. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'account';
      readonly accountId: number;
      readonly name: string;
      readonly isAdmin: boolean;
      /** What it signed in with; absent for a password or a session. */
      readonly secret?: { readonly id: number; readonly isReadOnly: boolean };
    };

/** Roles in a namespace (semantics.md §6). */
export type Role = 'admin' | 'maintainer' | 'developer' | 'auditor' | 'guest';

export const roles: readonly Role[] = ['admin', 'maintainer', 'developer', 'auditor', 'guest'];

/** What a role lets one do in a namespace. `configure`: policy, members, rules; `accept-risk`: the allowlist; `audit`: events. */
export type Right = 'read' | 'pull' | 'push' | 'delete' | 'scan' | 'accept-risk' | 'audit' | 'configure';

const everyRight: ReadonlySet<Right> = new Set<Right>([
  'read',
  'pull',
  'push',
  'delete',
  'scan',
  'accept-risk',
  'audit',
  'configure',
]);

const rightsByRole: Readonly<Record<Role, ReadonlySet<Right>>> = {
  admin: everyRight,
  maintainer: new Set<Right>(['read', 'pull', 'push', 'delete', 'scan']),
  developer: new Set<Right>(['read', 'pull', 'push', 'scan']),
  auditor: new Set<Right>(['read', 'pull', 'accept-risk', 'audit']),
  guest: new Set<Right>(['read', 'pull']),
};

const publicRights: ReadonlySet<Right> = new Set<Right>(['read', 'pull']);
const noRights: ReadonlySet<Right> = new Set<Right>();
/** All that an access token of the scope `read-only` leaves of its user's rights. */
const readOnlyRights: ReadonlySet<Right> = new Set<Right>(['read', 'pull', 'audit']);

export interface NamespaceStanding {
  readonly principal: Principal;
  /** Its role there; absent when it is no member. */
  readonly role?: Role;
  readonly isPublic: boolean;
}

/** The rights of a principal in a namespace: its role's, or those that everybody has in a public one. */
export function rightsIn(situation: NamespaceStanding): ReadonlySet<Right> {
  const rights = rightsOfAccount(situation);
  return isReadOnly(situation.principal)
    ? new Set([...rights].filter((right) => readOnlyRights.has(right)))
    : rights;
}

/** True for one who signed in with an access token that may change nothing. */
export function isReadOnly(principal: Principal): boolean {
  return principal.kind === 'account' && principal.secret?.isReadOnly === true;
}

function rightsOfAccount(situation: NamespaceStanding): ReadonlySet<Right> {
  if (situation.principal.kind === 'account') {
    if (situation.principal.isAdmin) return everyRight;
    if (situation.role !== undefined) return rightsByRole[situation.role];
  }
  return situation.isPublic ? publicRights : noRights;
}

/** The role that has a right and no more than needed, for messages such as "ask for the role developer". */
export function leastRoleWith(right: Right): Role {
  const fromLeast: readonly Role[] = ['guest', 'developer', 'auditor', 'maintainer', 'admin'];
  return fromLeast.find((role) => rightsByRole[role].has(right)) ?? 'admin';
}

/** Undefined when the text is no role. */
export function parseRole(text: string | null): Role | undefined {
  return roles.find((role) => role === text);
}
