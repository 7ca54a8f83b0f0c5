import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';

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
