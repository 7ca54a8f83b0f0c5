import Type from 'typebox';
import { closed } from './component.ts';
import { operation } from './operation.ts';
import { PageQuery, page } from './page.ts';
import { Session, SessionCreate } from './session.ts';
import { System } from './system.ts';
import { User, UserChange, UserCreate, UserCreated, UserParams } from './user.ts';

export const accountOperations = {
  createSession: operation({
    method: 'POST',
    path: '/session',
    tag: 'session',
    summary: 'Sign in: sets the session cookie',
    access: { kind: 'public' },
    body: SessionCreate,
    status: 201,
    response: Session,
  }),
  getSession: operation({
    method: 'GET',
    path: '/session',
    tag: 'session',
    summary: 'Who is signed in',
    access: { kind: 'account' },
    status: 200,
    response: Session,
  }),
  deleteSession: operation({
    method: 'DELETE',
    path: '/session',
    tag: 'session',
    summary: 'Sign out',
    access: { kind: 'account' },
    status: 204,
  }),
  listUsers: operation({
    method: 'GET',
    path: '/users',
    tag: 'users',
    summary: 'All users',
    access: { kind: 'admin' },
    query: PageQuery,
    status: 200,
    response: page(User),
  }),
  createUser: operation({
    method: 'POST',
    path: '/users',
    tag: 'users',
    summary: 'Create a user; without a password one is made up and shown once',
    access: { kind: 'admin' },
    body: UserCreate,
    status: 201,
    response: UserCreated,
  }),
  changeUser: operation({
    method: 'PATCH',
    path: '/users/:name',
    tag: 'users',
    summary:
      'Set password, admin right or disabled state; a new password or a disabled account ends its sessions',
    access: { kind: 'admin' },
    params: UserParams,
    body: UserChange,
    status: 200,
    response: User,
  }),
  deleteUser: operation({
    method: 'DELETE',
    path: '/users/:name',
    tag: 'users',
    summary: 'Delete a user with their memberships and sessions',
    access: { kind: 'admin' },
    params: UserParams,
    status: 204,
  }),
  getSystem: operation({
    method: 'GET',
    path: '/system',
    tag: 'system',
    summary: 'Version, address and readiness of the advisory data',
    access: { kind: 'account' },
    status: 200,
    response: System,
  }),
  getOpenApi: operation({
    method: 'GET',
    path: '/openapi.json',
    tag: 'system',
    summary: 'This document',
    access: { kind: 'public' },
    query: closed({}),
    status: 200,
    response: Type.Record(Type.String(), Type.Unknown()),
  }),
};
