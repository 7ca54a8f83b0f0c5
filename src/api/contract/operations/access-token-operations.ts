import {
  AccessToken,
  AccessTokenCreate,
  AccessTokenCreated,
  AccessTokenParams,
  UserAccessTokenParams,
} from '../access-token.ts';
import { PageQuery, page } from '../page.ts';
import { UserParams } from '../user.ts';
import { operation } from './operation.ts';

export const accessTokenOperations = {
  listAccessTokens: operation({
    method: 'GET',
    path: '/tokens',
    tag: 'tokens',
    summary: "The caller's own access tokens, oldest first",
    access: { kind: 'account' },
    query: PageQuery,
    status: 200,
    response: page(AccessToken),
  }),
  createAccessToken: operation({
    method: 'POST',
    path: '/tokens',
    tag: 'tokens',
    summary: 'Create an access token for the caller; its secret is shown once',
    access: { kind: 'account' },
    body: AccessTokenCreate,
    status: 201,
    response: AccessTokenCreated,
  }),
  revokeAccessToken: operation({
    method: 'DELETE',
    path: '/tokens/:id',
    tag: 'tokens',
    summary: "Revoke one of the caller's access tokens, at once",
    access: { kind: 'account' },
    params: AccessTokenParams,
    status: 204,
  }),
  listUserAccessTokens: operation({
    method: 'GET',
    path: '/users/:name/tokens',
    tag: 'users',
    summary: "A user's access tokens, oldest first, without their secrets",
    access: { kind: 'admin' },
    params: UserParams,
    query: PageQuery,
    status: 200,
    response: page(AccessToken),
  }),
  revokeUserAccessToken: operation({
    method: 'DELETE',
    path: '/users/:name/tokens/:id',
    tag: 'users',
    summary: 'Revoke one access token of a user, at once',
    access: { kind: 'admin' },
    params: UserAccessTokenParams,
    status: 204,
  }),
};
