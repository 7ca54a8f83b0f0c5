import { type AccessSecret, listSecrets, revokeSecret } from '../../accounts/access-secrets.ts';
import { type Account, findAccount } from '../../accounts/accounts.ts';
import { parseRobotLogin } from '../../accounts/robot-login.ts';
import type { Database } from '../../database/database.ts';
import { createdSecret, expiryOf, showSecret } from '../answers/show-secret.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Caller } from '../caller.ts';
import type { AccessToken } from '../contract/access-token.ts';
import { forbidden, notFound } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

export function accessTokenHandlers(
  dependencies: ApiDependencies,
): HandlersOf<
  | 'listAccessTokens'
  | 'createAccessToken'
  | 'revokeAccessToken'
  | 'listUserAccessTokens'
  | 'revokeUserAccessToken'
> {
  const { db, secrets } = dependencies;
  return {
    listAccessTokens: async ({ caller, query, now }) =>
      pageOf({
        list: 'tokens',
        items: await listSecrets(db, [userOf(caller).accountId]),
        request: query,
        keyOf: ({ id }) => String(id),
        show: (secret) => showToken(secret, now),
      }),

    createAccessToken: async ({ caller, body, request, now }) => {
      const { accountId, name: login, secret: usedSecret } = userOf(caller);
      // Who found a token must not be able to make others that outlive it.
      if (usedSecret !== undefined) {
        throw forbidden('Cannot create an access token with a secret: sign in with a password');
      }
      const { name, scope = 'full' } = body;
      const wanted = { accountId, owner: 'user', name, scope, ...expiryOf(body, now) } as const;
      return await db.transaction().execute(async (transaction) => {
        const { secret, text } = createdSecret(await secrets.create(transaction, wanted), login);
        const details = { tokenId: secret.id, name, scope, expiresAt: body.expiresAt ?? null };
        const change = { kind: 'access-token.created', subject: login, details };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
        return { ...showToken(secret, now), secret: text };
      });
    },

    revokeAccessToken: async ({ caller, params, request }) => {
      const { accountId, name: login } = userOf(caller);
      await db.transaction().execute(async (transaction) => {
        const revoked = await revokeSecret(transaction, { accountId, id: params.id });
        if (revoked === undefined) {
          throw notFound(`Cannot revoke access token ${params.id}: you have none of that id`);
        }
        const details = { tokenId: revoked.id, name: revoked.name };
        const change = { kind: 'access-token.revoked', subject: login, details };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
      });
      return undefined;
    },

    listUserAccessTokens: async ({ params, query, now }) => {
      const user = await userNamed(db, params.name);
      return pageOf({
        list: `tokens of ${user.id}`,
        items: await listSecrets(db, [user.id]),
        request: query,
        keyOf: ({ id }) => String(id),
        show: (secret) => showToken(secret, now),
      });
    },

    revokeUserAccessToken: async ({ params, caller, request }) => {
      await db.transaction().execute(async (transaction) => {
        const user = await userNamed(transaction, params.name);
        const revoked = await revokeSecret(transaction, { accountId: user.id, id: params.id });
        if (revoked === undefined) {
          throw notFound(`Cannot revoke access token ${params.id}: user "${user.name}" has none of that id`);
        }
        const details = { tokenId: revoked.id, name: revoked.name };
        const change = { kind: 'access-token.revoked', subject: user.name, details };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
      });
      return undefined;
    },
  };
}

function showToken(secret: AccessSecret, now: Date): AccessToken {
  return { ...showSecret(secret, now), scope: secret.scope };
}

/** Never a robot: its secrets go with it. */
async function userNamed(db: Database, name: string): Promise<Account> {
  const user = await findAccount(db, name);
  if (user === undefined) throw notFound(`Cannot find user "${name}": there is none of that name`);
  return user;
}

/** Throws 403 for robots: one leaked secret must not revoke the others. */
function userOf({ principal }: Caller): Caller['principal'] {
  if (parseRobotLogin(principal.name) === undefined) return principal;
  throw forbidden('Cannot do this as a robot: its secrets are kept by the admins of its namespace');
}
