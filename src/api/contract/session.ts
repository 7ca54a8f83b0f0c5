import Type, { type Static } from 'typebox';
import { closed, component, Id, Instant } from './component.ts';

/** `bearer` sets no cookie: the answer bears a token for `Authorization: Bearer`, which scripts use. */
export const SessionCreate = component('SessionCreate', {
  username: Type.String({ minLength: 1, maxLength: 255 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
  kind: Type.Optional(Type.Enum(['cookie', 'bearer'])),
});

/** `csrfToken` goes into the header `x-pratique-csrf` of every call that changes something. */
export const Session = component('Session', {
  account: closed({ name: Type.String(), isAdmin: Type.Boolean() }),
  csrfToken: Type.String(),
  token: Type.Optional(Type.String()),
});
export type Session = Static<typeof Session>;

/** `client` is the address and user agent that signed in; `lastUsedAt` is to the minute. */
export const OpenSession = component('OpenSession', {
  id: Type.Integer(),
  client: Type.Union([Type.String(), Type.Null()]),
  createdAt: Instant,
  lastUsedAt: Type.Union([Instant, Type.Null()]),
  expiresAt: Instant,
  isCurrent: Type.Boolean(),
});
export type OpenSession = Static<typeof OpenSession>;

export const SessionParams = closed({ id: Id });

export const PasswordChange = component('PasswordChange', {
  currentPassword: Type.String({ minLength: 1, maxLength: 1024 }),
  newPassword: Type.String({ minLength: 8, maxLength: 1024 }),
});
