import type { FastifyRequest } from 'fastify';
import { recordEvent } from '../../accounts/events.ts';
import { createSession, deleteSession } from '../../accounts/sessions.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { sessionCookie, signIn } from '../authenticate.ts';
import type { HandlersOf } from '../call.ts';
import { clientOf, recordChange } from '../record-change.ts';

const sessionTtlMs = 12 * 60 * 60 * 1000;

export function sessionHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'createSession' | 'getSession' | 'deleteSession'> {
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
      // By password only: a session must not outlive the access secret that opened it.
      const principal = await signIn(login.passwords, { name: username, password, address: request.ip });
      const { accountId, name, isAdmin } = principal;
      const session = await createSession(db, { accountId, ttlMs: sessionTtlMs, now });
      await recordEvent(db, {
        kind: 'session.created',
        actor: name,
        client: clientOf(request),
        subject: name,
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

    deleteSession: async ({ caller, request, reply }) => {
      const { name } = caller.principal;
      if (caller.session !== undefined) await deleteSession(db, caller.session.token);
      await recordChange(
        db,
        { caller, request, namespace: undefined },
        { kind: 'session.deleted', subject: name },
      );
      reply.clearCookie(sessionCookie, cookieOptions(request));
      return undefined;
    },
  };
}
