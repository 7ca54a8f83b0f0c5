import Type, { type Static } from 'typebox';
import { secretFields, secretName } from './access-token.ts';
import { closed, component, Id, Instant } from './component.ts';

export const RobotPermission = Type.Enum(['pull', 'pull-push', 'pull-push-delete']);
export type RobotPermission = Static<typeof RobotPermission>;

const robotName = Type.String({ minLength: 1, maxLength: 255 });
const description = Type.String({ maxLength: 500 });

/** `namespace` is `*` where the permission holds in every namespace, those made later too. */
export const RobotGrant = component('RobotGrant', { namespace: Type.String(), permission: RobotPermission });

export const RobotSecret = component('RobotSecret', secretFields);
export type RobotSecret = Static<typeof RobotSecret>;

/** `secret` is shown this once. */
export const RobotSecretCreated = component('RobotSecretCreated', {
  ...secretFields,
  secret: Type.String(),
});
export type RobotSecretCreated = Static<typeof RobotSecretCreated>;

/**
 * `login` is what it signs in with. `namespace` is null for a robot of the registry: in a namespace's list it shows
 * that namespace's permission alone, and no secrets.
 */
export const Robot = component('Robot', {
  name: Type.String(),
  login: Type.String(),
  namespace: Type.Union([Type.String(), Type.Null()]),
  permissions: Type.Array(RobotGrant),
  description: Type.String(),
  disabled: Type.Boolean(),
  createdAt: Instant,
  createdBy: Type.Union([Type.String(), Type.Null()]),
  lastUsedAt: Type.Union([Instant, Type.Null()]),
  secrets: Type.Array(RobotSecret),
});
export type Robot = Static<typeof Robot>;

const firstSecret = {
  secretName: Type.Optional(secretName),
  expiresAt: Type.Optional(Instant),
};

/** `secretName` and `expiresAt` are those of its first secret. */
export const RobotCreate = component('RobotCreate', {
  name: robotName,
  permission: RobotPermission,
  description: Type.Optional(description),
  ...firstSecret,
});

export const RobotChange = component('RobotChange', {
  permission: Type.Optional(RobotPermission),
  description: Type.Optional(description),
  disabled: Type.Optional(Type.Boolean()),
});

/** With `*` for the namespace, in every one; where two hold, the stronger counts. */
const permissions = Type.Array(
  closed({ namespace: Type.String({ maxLength: 255 }), permission: RobotPermission }),
  { maxItems: 1000 },
);

export const RegistryRobotCreate = component('RegistryRobotCreate', {
  name: robotName,
  permissions,
  description: Type.Optional(description),
  ...firstSecret,
});

/** `permissions` replace all that it had. */
export const RegistryRobotChange = component('RegistryRobotChange', {
  permissions: Type.Optional(permissions),
  description: Type.Optional(description),
  disabled: Type.Optional(Type.Boolean()),
});

export const RobotCreated = component('RobotCreated', { robot: Robot, secret: RobotSecretCreated });

export const RobotSecretCreate = component('RobotSecretCreate', firstSecret);

const namespace = Type.String({ maxLength: 255 });
const robot = Type.String({ maxLength: 255 });
export const RobotParams = closed({ namespace, robot });
export const RobotSecretParams = closed({ namespace, robot, id: Id });
export const RegistryRobotParams = closed({ robot });
export const RegistryRobotSecretParams = closed({ robot, id: Id });
