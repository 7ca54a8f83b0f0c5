import { randomBytes } from 'node:crypto';
import {
  type Account,
  type ChangeAccountResult,
  createAccount,
  deleteAccount,
  findAccount,
  isAccountName,
  listAccounts,
  updateAccount,
} from '../../accounts/accounts.ts';
import { hashPassword } from '../../accounts/password-hash.ts';
import { endSessions } from '../../accounts/sessions.ts';
import { assertNever } from '../../report/assert-never.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import { checkPassword } from '../check-password.ts';
import type { User } from '../contract/user.ts';
import { decodeCursor } from '../cursor.ts';
import { type ApiError, badRequest, conflict, notFound } from '../errors.ts';
import { limitOf, pageFromRows } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

const generatedPasswordBytes = 18;

export function userHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listUsers' | 'createUser' | 'changeUser' | 'deleteUser' | 'endUserSessions'> {
  const { db } = dependencies;
  return {
    listUsers: async ({ query }) => {
      const limit = limitOf(query);
      const after = decodeCursor(query.cursor, 'users', ['string'])?.[0];
      const page = { ...(after === undefined ? {} : { after: String(after) }), limit: limit + 1 };
      const { items, total } = await listAccounts(db, page);
      return pageFromRows({
        list: 'users',
        rows: items,
        limit,
        total,
        keyOf: ({ name }) => [name],
        show: showUser,
      });
    },

    createUser: async ({ body, caller, request }) => {
      const { name, isAdmin = false } = body;
      if (!isAccountName(name)) throw malformedName(name);
      if (body.password !== undefined) checkPassword(body.password, name);
      const password = body.password ?? randomBytes(generatedPasswordBytes).toString('base64url');
      const passwordHash = await hashPassword(password);
      const account = await db.transaction().execute(async (transaction) => {
        const created = await createAccount(transaction, { name, passwordHash, isAdmin });
        if (created.kind === 'exists') throw conflict(`Cannot create user "${name}": the name is taken`);
        const change = { kind: 'user.created', subject: name, details: { isAdmin } };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
        return created.account;
      });
      return { ...showUser(account), ...(body.password === undefined ? { password } : {}) };
    },

    changeUser: async ({ params, body, caller, request }) => {
      const { password, isAdmin, disabled } = body;
      if (password !== undefined) checkPassword(password, params.name);
      const changes = {
        ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
        ...(isAdmin === undefined ? {} : { isAdmin }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      return await db.transaction().execute(async (transaction) => {
        const result = await updateAccount(transaction, params.name, changes);
        if (result.kind !== 'changed') throw refusal('change', params.name, result.kind);
        const details = { passwordChanged: password !== undefined, isAdmin, disabled };
        const change = { kind: 'user.changed', subject: params.name, details };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
        return showUser(result.account);
      });
    },

    deleteUser: async (call) => {
      const { name } = call.params;
      await db.transaction().execute(async (transaction) => {
        const { kind } = await deleteAccount(transaction, name);
        if (kind !== 'deleted') throw refusal('delete', name, kind);
        await recordChange(transaction, call, { kind: 'user.deleted', subject: name });
      });
      return undefined;
    },

    endUserSessions: async (call) => {
      const { name } = call.params;
      await db.transaction().execute(async (transaction) => {
        const account = await findAccount(transaction, name);
        if (account === undefined) throw refusal('sign out', name, 'not-found');
        const ended = await endSessions(transaction, { accountId: account.id });
        await recordChange(transaction, call, {
          kind: 'session.all-ended',
          subject: name,
          details: { ended },
        });
      });
      return undefined;
    },
  };
}

function showUser(account: Account): User {
  return {
    name: account.name,
    isAdmin: account.isAdmin,
    disabled: account.disabledAt !== undefined,
    createdAt: account.createdAt.toISOString(),
  };
}

function malformedName(name: string): ApiError {
  return badRequest(
    `Cannot create user "${name}": a name must be 1 to 64 of a–z, 0–9, ".", "_", "-", begin and end with a letter or digit, and not be "anonymous"`,
  );
}

function refusal(
  action: string,
  name: string,
  kind: Exclude<ChangeAccountResult['kind'], 'changed'>,
): ApiError {
  switch (kind) {
    case 'not-found':
      return notFound(`Cannot ${action} user "${name}": there is none of that name`);
    case 'last-admin':
      return conflict(
        `Cannot ${action} user "${name}": a system admin that can sign in must remain, and it is the last`,
      );
    default:
      return assertNever(kind);
  }
}
