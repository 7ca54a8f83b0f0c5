import { type AccessSecret, type AccessSecrets, revokeSecret } from '../../accounts/access-secrets.ts';
import { recordEvent } from '../../accounts/events.ts';
import { isRobotName } from '../../accounts/robot-login.ts';
import {
  createRobot,
  deleteRobot,
  everyNamespace,
  findRobot,
  listRobots,
  type NamespacePermission,
  type Robot,
  type RobotGrant,
} from '../../accounts/robots.ts';
import type { Database } from '../../database/database.ts';
import { AdministrationError } from './administration-error.ts';
import { commandLineActor } from './command-line-actor.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface MadeSecret {
  readonly login: string;
  /** Shown this once. */
  readonly secret: string;
}

/** All robots, or those with a permission in a namespace, by login. Throws `AdministrationError`. */
export async function listAllRobots(db: Database, namespace: string | undefined): Promise<readonly Robot[]> {
  if (namespace === undefined) return await listRobots(db, { of: 'everything' });
  return await listRobots(db, { namespaceId: await namespaceIdOf(db, namespace) });
}

/** Makes a robot with its first secret; without `home` it is one of the registry. Throws `AdministrationError`. */
export async function addRobot(
  db: Database,
  secrets: AccessSecrets,
  robot: {
    readonly name: string;
    readonly home: string | undefined;
    readonly grants: readonly RobotGrant[];
    readonly expiresInDays: number | undefined;
    readonly now: Date;
  },
): Promise<MadeSecret> {
  const { name, home, grants } = robot;
  if (!isRobotName(name)) {
    throw new AdministrationError(
      `Cannot create robot "${name}": a name must be 1 to 64 of a–z, 0–9, "_" and "-", beginning and ending with a letter or digit`,
    );
  }
  return await db.transaction().execute(async (transaction) => {
    const permissions: NamespacePermission[] = [];
    for (const { namespace, permission } of grants) {
      const namespaceId =
        namespace === everyNamespace ? everyNamespace : await namespaceIdOf(transaction, namespace);
      permissions.push({ namespaceId, permission });
    }
    const homeId = home === undefined ? undefined : await namespaceIdOf(transaction, home);
    const created = await createRobot(transaction, {
      name,
      permissions,
      description: '',
      createdBy: commandLineActor,
      ...(home === undefined || homeId === undefined ? {} : { home: { id: homeId, name: home } }),
    });
    if (created.kind === 'exists')
      throw new AdministrationError(`Cannot create robot "${name}": there is one of that name`);
    const { accountId, login } = created;
    const made = await makeSecret(transaction, secrets, { ...robot, accountId, login, name: 'first' });
    await recordEvent(transaction, {
      ...about(homeId, login),
      kind: 'robot.created',
      details: { permissions: grants, ...made.details },
    });
    return { login, secret: made.text };
  });
}

/** Makes another secret; with `revokeOthers` it is the only one then. Throws `AdministrationError`. */
export async function rotateRobot(
  db: Database,
  secrets: AccessSecrets,
  wanted: {
    readonly login: string;
    readonly revokeOthers: boolean;
    readonly expiresInDays: number | undefined;
    readonly now: Date;
  },
): Promise<MadeSecret & { readonly others: readonly AccessSecret[] }> {
  return await db.transaction().execute(async (transaction) => {
    const robot = await find(transaction, wanted.login, 'rotate');
    const { id: accountId, login } = robot;
    const subject = about(await homeIdOf(transaction, robot), login);
    if (wanted.revokeOthers) {
      for (const { id, name } of robot.secrets) {
        await revokeSecret(transaction, { accountId, id });
        await recordEvent(transaction, {
          ...subject,
          kind: 'robot-secret.revoked',
          details: { secretId: id, name },
        });
      }
    }
    const name = wanted.now.toISOString().slice(0, 10);
    const made = await makeSecret(transaction, secrets, { ...wanted, accountId, name });
    await recordEvent(transaction, {
      ...subject,
      kind: 'robot-secret.created',
      details: { name, ...made.details },
    });
    return { login, secret: made.text, others: wanted.revokeOthers ? [] : robot.secrets };
  });
}

/** Throws `AdministrationError` when there is none. */
export async function removeRobot(db: Database, login: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const robot = await find(transaction, login, 'delete');
    const subject = about(await homeIdOf(transaction, robot), login);
    await deleteRobot(transaction, robot.id);
    await recordEvent(transaction, { ...subject, kind: 'robot.deleted' });
  });
}

async function makeSecret(
  db: Database,
  secrets: AccessSecrets,
  wanted: {
    readonly accountId: number;
    readonly login: string;
    readonly name: string;
    readonly expiresInDays: number | undefined;
    readonly now: Date;
  },
): Promise<{ readonly text: string; readonly details: Readonly<Record<string, unknown>> }> {
  const { accountId, login, name, expiresInDays, now } = wanted;
  const expiresAt = expiresInDays === undefined ? undefined : new Date(now.getTime() + expiresInDays * dayMs);
  const made = await secrets.create(db, {
    accountId,
    owner: 'robot',
    name,
    scope: 'full',
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (made.kind === 'too-many')
    throw new AdministrationError(`Cannot make a secret for "${login}": it has too many; revoke one first`);
  const details = { secretId: made.secret.id, expiresAt: expiresAt?.toISOString() ?? null };
  return { text: made.text, details };
}

async function find(db: Database, login: string, action: string): Promise<Robot> {
  const robot = await findRobot(db, login);
  if (robot !== undefined) return robot;
  throw new AdministrationError(
    `Cannot ${action} robot "${login}": there is no robot with that login; pratique admin robot list shows them`,
  );
}

async function namespaceIdOf(db: Database, name: string): Promise<number> {
  const row = await db.selectFrom('namespace').select('id').where('name', '=', name).executeTakeFirst();
  if (row !== undefined) return row.id;
  throw new AdministrationError(`Cannot find namespace "${name}": there is none of that name`);
}

async function homeIdOf(db: Database, { namespace }: Robot): Promise<number | undefined> {
  return namespace === undefined ? undefined : await namespaceIdOf(db, namespace);
}

function about(namespaceId: number | undefined, subject: string) {
  return { actor: commandLineActor, subject, ...(namespaceId === undefined ? {} : { namespaceId }) };
}
