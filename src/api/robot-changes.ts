import type { FastifyRequest } from 'fastify';
import { revokeSecret } from '../accounts/access-secrets.ts';
import { isRobotName, robotLoginOf } from '../accounts/robot-login.ts';
import {
  changeRobot,
  createRobot,
  deleteRobot,
  findRobot,
  type NamespacePermission,
  type Robot,
} from '../accounts/robots.ts';
import type { Database } from '../database/database.ts';
import { createdSecret, expiryOf, showSecret } from './answers/show-secret.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { Caller } from './caller.ts';
import type { RobotSecretCreated } from './contract/robot.ts';
import { badRequest, conflict, notFound } from './errors.ts';
import { recordChange } from './record-change.ts';

/** A call about the robots of a namespace, or those of the registry when it has none. */
export interface RobotCall {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly namespace: { readonly id: number; readonly name: string } | undefined;
  readonly now: Date;
}

interface SecretWanted {
  readonly secretName?: string;
  readonly expiresAt?: string;
}

interface RobotWanted extends SecretWanted {
  readonly name: string;
  readonly permissions: readonly NamespacePermission[];
  readonly description?: string;
  /** What the event shows. */
  readonly details: unknown;
}

/** Makes a robot with its first secret. Throws 400 for the name or the expiry, 409 when the name is taken. */
export async function makeRobot(
  { db, secrets }: ApiDependencies,
  call: RobotCall,
  wanted: RobotWanted,
): Promise<{ readonly robot: Robot; readonly secret: RobotSecretCreated }> {
  const { name, permissions, description = '', details } = wanted;
  if (!isRobotName(name)) {
    throw badRequest(
      `Cannot create robot "${name}": a name must be 1 to 64 of a–z, 0–9, "_", "-", begin and end with a letter or digit`,
    );
  }
  const expiry = expiryOf(wanted, call.now);
  return await db.transaction().execute(async (transaction) => {
    const created = await createRobot(transaction, {
      name,
      permissions,
      description,
      createdBy: call.caller.principal.name,
      ...(call.namespace === undefined ? {} : { home: call.namespace }),
    });
    if (created.kind === 'exists') throw conflict(`Cannot create robot "${name}": there is one of that name`);
    const { accountId, login } = created;
    const first = { accountId, owner: 'robot', name: wanted.secretName ?? 'first', scope: 'full' } as const;
    const made = createdSecret(await secrets.create(transaction, { ...first, ...expiry }), login);
    await recordChange(transaction, call, {
      kind: 'robot.created',
      subject: login,
      details: { permissions: details, secretId: made.secret.id, expiresAt: wanted.expiresAt ?? null },
    });
    const robot = await readRobot(transaction, call, name);
    return { robot, secret: { ...showSecret(made.secret, call.now), secret: made.text } };
  });
}

/** Changes what is given and returns it as it is then; throws 404 when there is none. */
export async function alterRobot(
  { db }: ApiDependencies,
  call: RobotCall,
  wanted: {
    readonly robot: string;
    readonly permissions?: readonly NamespacePermission[];
    readonly description?: string | undefined;
    readonly disabled?: boolean | undefined;
    readonly details: unknown;
  },
): Promise<Robot> {
  const { permissions, description, disabled, details } = wanted;
  return await db.transaction().execute(async (transaction) => {
    const { id, login } = await readRobot(transaction, call, wanted.robot);
    await changeRobot(transaction, id, {
      ...(permissions === undefined ? {} : { permissions }),
      ...(description === undefined ? {} : { description }),
      ...(disabled === undefined ? {} : { isDisabled: disabled }),
    });
    await recordChange(transaction, call, { kind: 'robot.changed', subject: login, details });
    return await readRobot(transaction, call, wanted.robot);
  });
}

/** Throws 404 when there is none. */
export async function dropRobot({ db }: ApiDependencies, call: RobotCall, name: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { id, login } = await readRobot(transaction, call, name);
    await deleteRobot(transaction, id);
    await recordChange(transaction, call, { kind: 'robot.deleted', subject: login });
  });
}

/** Another secret beside those that it has. */
export async function addRobotSecret(
  { db, secrets }: ApiDependencies,
  call: RobotCall,
  wanted: SecretWanted & { readonly robot: string },
): Promise<RobotSecretCreated> {
  const expiry = expiryOf(wanted, call.now);
  const name = wanted.secretName ?? call.now.toISOString().slice(0, 10);
  return await db.transaction().execute(async (transaction) => {
    const { id: accountId, login } = await readRobot(transaction, call, wanted.robot);
    const secret = { accountId, owner: 'robot', name, scope: 'full', ...expiry } as const;
    const made = createdSecret(await secrets.create(transaction, secret), login);
    const details = { secretId: made.secret.id, name, expiresAt: wanted.expiresAt ?? null };
    await recordChange(transaction, call, { kind: 'robot-secret.created', subject: login, details });
    return { ...showSecret(made.secret, call.now), secret: made.text };
  });
}

/** Throws 404 when there is no such robot, or it has no secret of that id. */
export async function dropRobotSecret(
  { db }: ApiDependencies,
  call: RobotCall,
  dropped: { readonly robot: string; readonly id: number },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { id: accountId, login } = await readRobot(transaction, call, dropped.robot);
    const revoked = await revokeSecret(transaction, { accountId, id: dropped.id });
    if (revoked === undefined) {
      throw notFound(`Cannot revoke secret ${dropped.id}: the robot "${login}" has none of that id`);
    }
    const details = { secretId: revoked.id, name: revoked.name };
    await recordChange(transaction, call, { kind: 'robot-secret.revoked', subject: login, details });
  });
}

async function readRobot(db: Database, call: RobotCall, name: string): Promise<Robot> {
  const home = call.namespace === undefined ? {} : { namespace: call.namespace.name };
  // The name holds no dot, so that `x.ci` of the registry's path is not robot `ci` of the namespace `x`.
  const robot = isRobotName(name) ? await findRobot(db, robotLoginOf({ name, ...home })) : undefined;
  if (robot === undefined) throw notFound(`Cannot find robot "${name}": there is none of that name here`);
  return robot;
}
