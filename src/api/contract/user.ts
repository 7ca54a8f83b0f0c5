import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';

const accountName = Type.String({ minLength: 1, maxLength: 255 });
const password = Type.String({ minLength: 8, maxLength: 1024 });

export const User = component('User', {
  name: Type.String(),
  isAdmin: Type.Boolean(),
  disabled: Type.Boolean(),
  createdAt: Instant,
});
export type User = Static<typeof User>;

export const UserCreate = component('UserCreate', {
  name: accountName,
  password: Type.Optional(password),
  isAdmin: Type.Optional(Type.Boolean()),
});

/** `password` is there only when the server made it up: it is shown this once. */
export const UserCreated = component('UserCreated', {
  name: Type.String(),
  isAdmin: Type.Boolean(),
  disabled: Type.Boolean(),
  createdAt: Instant,
  password: Type.Optional(Type.String()),
});

export const UserChange = component('UserChange', {
  password: Type.Optional(password),
  isAdmin: Type.Optional(Type.Boolean()),
  disabled: Type.Optional(Type.Boolean()),
});

export const UserParams = closed({ name: Type.String({ maxLength: 255 }) });
