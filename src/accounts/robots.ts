import type { Database } from '../database/database.ts';
import { type AccessSecret, listSecrets } from './access-secrets.ts';
import type { Role } from './rights.ts';
import { parseRobotLogin, robotLoginOf } from './robot-login.ts';
import { type RobotPermission, robotPermissions } from './robot-permissions.ts';

const roleByPermission = {
  pull: 'guest',
  'pull-push': 'developer',
  'pull-push-delete': 'maintainer',
} as const satisfies Record<RobotPermission, Role>;

/** What stands for the namespace in a grant that holds in every one, those made later too. No namespace has that name. */
export const everyNamespace = '*';

export interface RobotGrant {
  /** Or `everyNamespace`. */
  readonly namespace: string;
  readonly permission: RobotPermission;
}

export interface Robot {
  readonly id: number;
  /** Its own name: what stands behind the last dot of `login`. */
  readonly name: string;
  readonly login: string;
  /** The namespace that it belongs to and goes with; absent for one of the registry. */
  readonly namespace?: string;
  /** By namespace, `everyNamespace` first; where two hold, the stronger counts. */
  readonly grants: readonly RobotGrant[];
  readonly description: string;
  readonly isDisabled: boolean;
  readonly createdAt: Date;
  readonly createdBy?: string;
  /** Oldest first. */
  readonly secrets: readonly AccessSecret[];
}

/** A permission in a namespace, which exists, or in every one: that is for robots of the registry alone. */
export interface NamespacePermission {
  readonly namespaceId: number | typeof everyNamespace;
  readonly permission: RobotPermission;
}

/** Adds a robot without secrets; its name was checked with `isRobotName()`. */
export async function createRobot(
  db: Database,
  robot: {
    readonly name: string;
    readonly home?: { readonly id: number; readonly name: string };
    readonly permissions: readonly NamespacePermission[];
    readonly description: string;
    readonly createdBy: string;
  },
): Promise<
  | { readonly kind: 'created'; readonly accountId: number; readonly login: string }
  | { readonly kind: 'exists' }
> {
  const { name, home, permissions, description, createdBy } = robot;
  const login = robotLoginOf({ name, ...(home === undefined ? {} : { namespace: home.name }) });
  const row = await db
    .insertInto('account')
    .values({
      name: login,
      kind: 'robot',
      namespace_id: home?.id ?? null,
      description,
      created_by: createdBy,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return { kind: 'exists' };
  await setPermissions(db, row.id, permissions);
  return { kind: 'created', accountId: row.id, login };
}

/** Which robots: one, those of the registry, or whatever has a permission in a namespace. */
export type RobotFilter =
  | { readonly login: string }
  | { readonly of: 'registry' | 'everything' }
  | { readonly namespaceId: number };

/** In order of their logins. */
export async function listRobots(db: Database, filter: RobotFilter): Promise<readonly Robot[]> {
  const accounts = await selectRobots(db, filter);
  const ids = accounts.map(({ id }) => id);
  const grants = await grantsOf(db, ids);
  const secrets = await listSecrets(db, ids);
  return accounts.map((row) => ({
    id: row.id,
    name: parseRobotLogin(row.name)?.name ?? row.name,
    login: row.name,
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
    grants: [
      ...(row.everywhere_role === null
        ? []
        : [{ namespace: everyNamespace, permission: permissionOf(row.everywhere_role) }]),
      ...grants.filter(({ accountId }) => accountId === row.id).map(({ grant }) => grant),
    ],
    description: row.description,
    isDisabled: row.disabled_at !== null,
    createdAt: row.created_at,
    ...(row.created_by === null ? {} : { createdBy: row.created_by }),
    secrets: secrets.filter(({ accountId }) => accountId === row.id),
  }));
}

/** Undefined when there is none of that login. */
export async function findRobot(db: Database, login: string): Promise<Robot | undefined> {
  return (await listRobots(db, { login }))[0];
}

/** Changes what is given; permissions replace all that it had. A disabled one keeps its secrets, which do nothing. */
export async function changeRobot(
  db: Database,
  id: number,
  changes: {
    readonly permissions?: readonly NamespacePermission[];
    readonly description?: string;
    readonly isDisabled?: boolean;
  },
): Promise<void> {
  const { permissions, description, isDisabled } = changes;
  if (description !== undefined || isDisabled !== undefined) {
    await db
      .updateTable('account')
      .set((eb) => ({
        ...(description === undefined ? {} : { description }),
        ...(isDisabled === undefined ? {} : { disabled_at: isDisabled ? eb.fn<Date>('now', []) : null }),
      }))
      .where('id', '=', id)
      .execute();
  }
  if (permissions !== undefined) await setPermissions(db, id, permissions);
}

/** Deletes it with its secrets; its tokens stop working at the next request. */
export async function deleteRobot(db: Database, id: number): Promise<void> {
  await db.deleteFrom('account').where('id', '=', id).where('kind', '=', 'robot').execute();
}

async function setPermissions(
  db: Database,
  accountId: number,
  permissions: readonly NamespacePermission[],
): Promise<void> {
  await db.deleteFrom('namespace_member').where('account_id', '=', accountId).execute();
  const everywhere = permissions.find(({ namespaceId }) => namespaceId === everyNamespace);
  await db
    .updateTable('account')
    .set({ everywhere_role: everywhere === undefined ? null : roleByPermission[everywhere.permission] })
    .where('id', '=', accountId)
    .execute();
  const rows = permissions.flatMap(({ namespaceId, permission }) =>
    namespaceId === everyNamespace
      ? []
      : [{ account_id: accountId, namespace_id: namespaceId, role: roleByPermission[permission] }],
  );
  if (rows.length > 0) await db.insertInto('namespace_member').values(rows).execute();
}

async function selectRobots(db: Database, filter: RobotFilter) {
  let query = db
    .selectFrom('account')
    .leftJoin('namespace', 'namespace.id', 'account.namespace_id')
    .select(['account.id', 'account.name', 'account.description', 'account.disabled_at'])
    .select(['account.created_at', 'account.created_by', 'account.everywhere_role'])
    .select('namespace.name as namespace')
    .where('account.kind', '=', 'robot')
    .orderBy('account.name');
  if ('login' in filter) query = query.where('account.name', '=', filter.login);
  else if ('namespaceId' in filter) {
    const members = db
      .selectFrom('namespace_standing')
      .select('account_id')
      .where('namespace_id', '=', filter.namespaceId);
    query = query.where('account.id', 'in', members);
  } else if (filter.of === 'registry') query = query.where('account.namespace_id', 'is', null);
  return await query.execute();
}

async function grantsOf(
  db: Database,
  accountIds: readonly number[],
): Promise<readonly { readonly accountId: number; readonly grant: RobotGrant }[]> {
  if (accountIds.length === 0) return [];
  const rows = await db
    .selectFrom('namespace_member')
    .innerJoin('namespace', 'namespace.id', 'namespace_member.namespace_id')
    .where('namespace_member.account_id', 'in', [...accountIds])
    .select(['namespace_member.account_id', 'namespace.name', 'namespace_member.role'])
    .orderBy('namespace.name')
    .execute();
  return rows.map((row) => ({
    accountId: row.account_id,
    grant: { namespace: row.name, permission: permissionOf(row.role) },
  }));
}

/** The strongest of the permissions that hold in the namespace of that name; undefined when none does. */
export function permissionIn(robot: Robot, namespace: string): RobotPermission | undefined {
  const held = robot.grants.filter((grant) => [namespace, everyNamespace].includes(grant.namespace));
  return robotPermissions.findLast((one) => held.some(({ permission }) => permission === one));
}

function permissionOf(role: string): RobotPermission {
  return robotPermissions.find((permission) => roleByPermission[permission] === role) ?? 'pull';
}
