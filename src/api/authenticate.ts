import type { FastifyRequest } from 'fastify';
import type { AccessSecrets } from '../accounts/access-secrets.ts';
import type { AccountLogin } from '../accounts/account-login.ts';
import type { LoginResult } from '../accounts/password-login.ts';
import { findSession, isCsrfTokenOf } from '../accounts/sessions.ts';
import type { Database } from '../database/database.ts';
import type { Caller } from './caller.ts';
import { forbidden, tooManyTries, unauthenticated } from './errors.ts';

export const sessionCookie = 'pratique_session';
export const csrfHeader = 'x-pratique-csrf';

export interface AuthenticationDependencies {
  readonly db: Database;
  readonly login: AccountLogin;
  readonly secrets: AccessSecrets;
  /** Told who was proven to send a request, for the log. */
  readonly notePrincipal?: (request: FastifyRequest, name: string) => void;
}

/**
 * Who calls: by `Authorization` (Basic or bearer), else by the session cookie; undefined when neither is there. What is
 * there and not valid is 401, never "nobody". A call by cookie that changes something needs the session's CSRF token
 * and, when it has a body, JSON: a form of another site can send neither (threats.md A16).
 */
export async function authenticate(
  dependencies: AuthenticationDependencies,
  request: FastifyRequest,
  now: Date,
): Promise<Caller | undefined> {
  const caller = await provenCaller(dependencies, request, now);
  if (caller !== undefined) dependencies.notePrincipal?.(request, caller.principal.name);
  return caller;
}

async function provenCaller(
  dependencies: AuthenticationDependencies,
  request: FastifyRequest,
  now: Date,
): Promise<Caller | undefined> {
  const { authorization } = request.headers;
  if (authorization !== undefined) return await byHeader(dependencies, { request, authorization, now });
  const token = request.cookies[sessionCookie];
  if (token === undefined || token === '') return undefined;
  const session = await findSession(dependencies.db, { token, now });
  if (session === undefined) throw unauthenticated('Cannot use the session: it has ended, sign in again');
  if (request.method !== 'GET') {
    const csrf = request.headers[csrfHeader];
    if (typeof csrf !== 'string' || !isCsrfTokenOf(session, csrf)) {
      throw forbidden(
        `Cannot change anything by cookie alone: the header ${csrfHeader} must bear the session's csrfToken`,
      );
    }
    const type = request.headers['content-type'];
    if (type !== undefined && !isJson(type)) {
      throw forbidden(
        `Cannot accept content type "${type.slice(0, 100)}" by cookie: it must be application/json`,
      );
    }
  }
  return { principal: session.principal, session: { id: session.id, token, csrfToken: session.csrfToken } };
}

/** The media type alone, without its parameters (RFC 9110 §8.3.1). */
export function isJson(contentType: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

async function byHeader(
  dependencies: AuthenticationDependencies,
  given: { readonly request: FastifyRequest; readonly authorization: string; readonly now: Date },
): Promise<Caller> {
  const { request, authorization, now } = given;
  const [scheme = '', credentials = ''] = authorization.split(/ +/, 2);
  switch (scheme.toLowerCase()) {
    case 'basic':
      return await byPassword(dependencies.login, request, credentials);
    case 'bearer':
      return await byToken(dependencies, credentials, now);
    default:
      throw unauthenticated(
        `Cannot use the authorization scheme "${scheme.slice(0, 20)}": it must be Basic or Bearer`,
      );
  }
}

/**
 * An access secret or a session's token. A registry token is neither: it was granted for some repositories only, and is
 * refused here like any unknown text.
 */
async function byToken(
  { db, secrets }: AuthenticationDependencies,
  token: string,
  now: Date,
): Promise<Caller> {
  const principal = await secrets.signIn(db, token);
  if (principal !== undefined) return { principal };
  const session = await findSession(db, { token, now });
  if (session === undefined)
    throw unauthenticated('Cannot use the bearer token: it is not valid or has expired');
  return { principal: session.principal, session: { id: session.id, token, csrfToken: session.csrfToken } };
}

async function byPassword(
  login: AccountLogin,
  request: FastifyRequest,
  credentials: string,
): Promise<Caller> {
  // RFC 7617 §2: base64 of `name:password` in UTF-8; the first colon ends the name.
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1)
    throw unauthenticated('Cannot read the Basic credentials: they must be base64 of "name:password"');
  const result = await login.signIn({
    name: text.slice(0, colon),
    password: text.slice(colon + 1),
    address: request.ip,
    userAgent: request.headers['user-agent'],
  });
  return { principal: signedIn(result) };
}

/** Who has signed in; throws 401, or 429 after too many wrong tries (threats.md A17). */
export function signedIn(result: LoginResult): Caller['principal'] {
  switch (result.kind) {
    case 'signed-in':
      return result.principal;
    case 'limited':
      throw tooManyTries(
        `Cannot sign in now: too many wrong tries, wait ${result.retryAfterSeconds} s`,
        result.retryAfterSeconds,
      );
    case 'refused':
      throw unauthenticated('Cannot sign in: name or password is wrong');
  }
}
