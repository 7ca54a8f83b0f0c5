import Type, { type Static } from 'typebox';
import { closed, component, Id, Instant } from './component.ts';

export const secretName = Type.String({ minLength: 1, maxLength: 100 });
const scope = Type.Enum(['full', 'read-only']);
const NullableInstant = Type.Union([Instant, Type.Null()]);

/** What is known of a secret without its text. `expired` ones stay listed for 30 days. */
export const secretFields = {
  id: Type.Integer(),
  name: Type.String(),
  createdAt: Instant,
  expiresAt: NullableInstant,
  expired: Type.Boolean(),
  lastUsedAt: NullableInstant,
};

export const AccessToken = component('AccessToken', { ...secretFields, scope });
export type AccessToken = Static<typeof AccessToken>;

/** Without `expiresAt` it lives until it is revoked. */
export const AccessTokenCreate = component('AccessTokenCreate', {
  name: secretName,
  scope: Type.Optional(scope),
  expiresAt: Type.Optional(Instant),
});

/** `secret` is shown this once. */
export const AccessTokenCreated = component('AccessTokenCreated', {
  ...secretFields,
  scope,
  secret: Type.String(),
});

export const AccessTokenParams = closed({ id: Id });
export const UserAccessTokenParams = closed({ name: Type.String({ maxLength: 255 }), id: Id });
