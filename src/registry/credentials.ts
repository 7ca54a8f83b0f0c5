import type { FastifyRequest } from 'fastify';
import type { AccountLogin } from '../accounts/account-login.ts';
import type { DockerTokens, TokenGrant } from '../accounts/docker-tokens.ts';
import type { Holder } from '../accounts/live-account.ts';
import type { Principal } from '../accounts/rights.ts';

/** Who a request says it comes from, proven. */
export type Credentials =
  | { readonly kind: 'none' }
  /** Something was sent that proves nothing. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number }
  | { readonly kind: 'token'; readonly grant: TokenGrant }
  /** By Basic: a password, or an access secret in its place. */
  | { readonly kind: 'password'; readonly principal: Extract<Principal, { kind: 'account' }> };

/** Reads the Authorization header: a bearer token of ours, or Basic. No other header and no query parameter counts. */
export async function readCredentials(
  request: FastifyRequest,
  by: {
    readonly tokens: DockerTokens;
    readonly login: AccountLogin;
    readonly notePrincipal?: (request: FastifyRequest, name: string) => void;
  },
): Promise<Credentials> {
  const credentials = await proven(request, by);
  const name = nameOf(credentials);
  if (name !== undefined) by.notePrincipal?.(request, name);
  return credentials;
}

/** Undefined when nobody was proven; an anonymous token proves nobody. */
function nameOf(credentials: Credentials): string | undefined {
  if (credentials.kind === 'password') return credentials.principal.name;
  return credentials.kind === 'token' ? credentials.grant.account?.name : undefined;
}

async function proven(
  request: FastifyRequest,
  by: { readonly tokens: DockerTokens; readonly login: AccountLogin },
): Promise<Credentials> {
  const header = request.headers.authorization;
  if (header === undefined) return { kind: 'none' };
  const space = header.indexOf(' ');
  const scheme = header.slice(0, space).toLowerCase();
  const value = header.slice(space + 1).trim();
  if (scheme === 'bearer') {
    const verified = await by.tokens.verify(value);
    return verified.kind === 'valid' ? { kind: 'token', grant: verified.grant } : { kind: 'invalid' };
  }
  if (scheme !== 'basic') return { kind: 'invalid' };
  const basic = parseBasic(value);
  if (basic === undefined) return { kind: 'invalid' };
  return await signIn(by.login, request, basic);
}

export async function signIn(
  login: AccountLogin,
  request: FastifyRequest,
  given: { readonly name: string; readonly password: string },
): Promise<Credentials> {
  const userAgent = request.headers['user-agent'];
  const result = await login.signIn({ ...given, address: request.ip, userAgent });
  switch (result.kind) {
    case 'signed-in':
      return { kind: 'password', principal: result.principal };
    case 'limited':
      return { kind: 'limited', retryAfterSeconds: result.retryAfterSeconds };
    case 'refused':
      return { kind: 'invalid' };
  }
}

/** Whose rights they bear; undefined for nobody. */
export function holderOf(credentials: Credentials): Holder | undefined {
  if (credentials.kind === 'password') {
    const { accountId, secret } = credentials.principal;
    return { accountId, ...(secret === undefined ? {} : { secretId: secret.id }) };
  }
  if (credentials.kind !== 'token' || credentials.grant.account === undefined) return undefined;
  const { id, secretId } = credentials.grant.account;
  return { accountId: id, ...(secretId === undefined ? {} : { secretId }) };
}

/** RFC 7617 §2: the first colon ends the name. */
function parseBasic(value: string): { readonly name: string; readonly password: string } | undefined {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
