import type { FastifyRequest } from 'fastify';
import { updateAccount } from '../../accounts/accounts.ts';
import { hashPassword } from '../../accounts/password-hash.ts';
import {
  createSession,
  deleteSession,
  endSession,
  endSessions,
  type ListedSession,
  listSessions,
} from '../../accounts/sessions.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { sessionCookie, signedIn } from '../authenticate.ts';
import type { HandlersOf } from '../call.ts';
import { checkPassword } from '../check-password.ts';
import type { OpenSession } from '../contract/session.ts';
import { badRequest, forbidden, notFound } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { clientOf, recordChange } from '../record-change.ts';

const sessionTtlMs = 12 * 60 * 60 * 1000;

export function sessionHandlers(
  dependencies: ApiDependencies,
): HandlersOf<
  | 'createSession'
  | 'getSession'
  | 'deleteSession'
  | 'listSessions'
  | 'endSession'
  | 'endOtherSessions'
  | 'changePassword'
> {
  return { ...ownSessionHandlers(dependencies), ...sessionListHandlers(dependencies) };
}

function ownSessionHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'createSession' | 'getSession' | 'deleteSession' | 'changePassword'> {
  const { db, login } = dependencies;
  const cookieOptions = (request: FastifyRequest) =>
    ({
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      secure: externalUrlOf(dependencies, request).startsWith('https:'),
    }) as const;
  return {
    createSession: async ({ body, request, reply, now }) => {
      const { username, password } = body;
      const userAgent = request.headers['user-agent'];
      // By password only: a session must not outlive the access secret that opened it.
      const principal = signedIn(
        await login.signInByPassword({ name: username, password, address: request.ip, userAgent }),
      );
      const { accountId, name, isAdmin } = principal;
      const session = await db.transaction().execute(async (transaction) => {
        const wanted = { accountId, ttlMs: sessionTtlMs, now, client: clientOf(request) };
        const opened = await createSession(transaction, wanted);
        const change = { kind: 'session.created', subject: name };
        await recordChange(transaction, { caller: { principal }, request, namespace: undefined }, change);
        return opened;
      });
      const shown = { account: { name, isAdmin }, csrfToken: session.csrfToken };
      if (body.kind === 'bearer') return { ...shown, token: session.token };
      reply.setCookie(sessionCookie, session.token, {
        ...cookieOptions(request),
        expires: session.expiresAt,
      });
      return shown;
    },

    // Callers by Basic or bearer token have no session and need no CSRF token.
    getSession: async ({ caller }) => {
      const { name, isAdmin } = caller.principal;
      return { account: { name, isAdmin }, csrfToken: caller.session?.csrfToken ?? '' };
    },

    deleteSession: async (call) => {
      const { caller, request, reply } = call;
      await db.transaction().execute(async (transaction) => {
        if (caller.session !== undefined) await deleteSession(transaction, caller.session.token);
        const change = { kind: 'session.deleted', subject: caller.principal.name };
        await recordChange(transaction, call, change);
      });
      reply.clearCookie(sessionCookie, cookieOptions(request));
      return undefined;
    },

    changePassword: async (call) => {
      const { body, caller, request } = call;
      const { name, secret } = caller.principal;
      // Robots have no password and come with a secret.
      if (secret !== undefined) {
        throw forbidden('Cannot change a password with a secret: sign in with the password');
      }
      checkPassword(body.newPassword, name);
      const userAgent = request.headers['user-agent'];
      const proof = await login.signInByPassword({
        name,
        password: body.currentPassword,
        address: request.ip,
        userAgent,
      });
      // Not 401: the session is valid, and the console must not end it.
      if (proof.kind === 'refused')
        throw badRequest('Cannot change the password: the current one is not right');
      signedIn(proof);
      const passwordHash = await hashPassword(body.newPassword);
      await db.transaction().execute(async (transaction) => {
        await updateAccount(transaction, name, { passwordHash, keptSession: caller.session?.token });
        await recordChange(transaction, call, { kind: 'password.changed', subject: name });
      });
      return undefined;
    },
  };
}

function sessionListHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listSessions' | 'endSession' | 'endOtherSessions'> {
  const { db } = dependencies;
  return {
    listSessions: async ({ caller, query, now }) =>
      pageOf({
        list: 'sessions',
        items: await listSessions(db, { accountId: caller.principal.accountId, now }),
        request: query,
        keyOf: ({ id }) => String(id),
        show: (session) => showSession(session, caller.session?.id),
      }),

    endSession: async (call) => {
      const { params, caller } = call;
      const { accountId, name } = caller.principal;
      await db.transaction().execute(async (transaction) => {
        if (!(await endSession(transaction, { accountId, id: params.id }))) {
          throw notFound(`Cannot end session ${params.id}: you have none of that id`);
        }
        const change = { kind: 'session.deleted', subject: name, details: { sessionId: params.id } };
        await recordChange(transaction, call, change);
      });
      return undefined;
    },

    endOtherSessions: async (call) => {
      const { caller } = call;
      const { accountId, name } = caller.principal;
      await db.transaction().execute(async (transaction) => {
        const ended = await endSessions(transaction, { accountId, keptToken: caller.session?.token });
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

function showSession(session: ListedSession, currentId: number | undefined): OpenSession {
  return {
    id: session.id,
    client: session.client ?? null,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt?.toISOString() ?? null,
    expiresAt: session.expiresAt.toISOString(),
    isCurrent: session.id === currentId,
  };
}
