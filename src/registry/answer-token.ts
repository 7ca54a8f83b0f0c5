import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TokenAccess } from '../accounts/docker-tokens.ts';
import { readGrants } from '../accounts/namespace-grant.ts';
import type { Principal } from '../accounts/rights.ts';
import { type Credentials, holderOf, readCredentials, signIn } from './credentials.ts';
import type { RegistryParts } from './dependencies.ts';
import { refusals, refuse } from './errors.ts';
import { parseScopes } from './parse-scope.ts';
import { readBody } from './read-body.ts';

const formSizeBytesMax = 64 * 1024;

/**
 * The token endpoint (distribution "spec/auth/token" for GET, "spec/auth/oauth" with grant_type=password for POST). A
 * token holds of what was asked for only what the account may do; without an account, only pulls of public namespaces.
 */
export async function answerToken(
  parts: RegistryParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store');
  const isForm = request.method === 'POST';
  const parameters = isForm ? await readForm(request) : queryOf(request);
  if (parameters === undefined) {
    return refuse(
      reply,
      refusals.parameterInvalid('Cannot read the form: it must be application/x-www-form-urlencoded, small'),
    );
  }
  if (isForm && parameters.get('grant_type') !== 'password') {
    return refuse(
      reply,
      refusals.parameterInvalid(
        `Cannot give a token for grant_type "${(parameters.get('grant_type') ?? '').slice(0, 50)}": it must be password`,
      ),
    );
  }
  const credentials = isForm
    ? await signIn(parts.login, request, {
        name: parameters.get('username') ?? '',
        password: parameters.get('password') ?? '',
      })
    : await readCredentials(request, parts);
  const principal = principalOf(credentials);
  if (principal === undefined) {
    return refuse(
      reply,
      credentials.kind === 'limited'
        ? refusals.tooManyRequests(credentials.retryAfterSeconds)
        : refusals.unauthorized(
            'Cannot sign in: the name or password is not right',
            `Basic realm="${parts.challenges.service}"`,
          ),
    );
  }
  if (principal.kind === 'account') parts.notePrincipal?.(request, principal.name);
  const scopes = parseScopes(parameters.getAll('scope'));
  const access = await grantedAccess(parts, { principal, scopes });
  const secretId = holderOf(credentials)?.secretId;
  const { token, issuedAt, expiresInSeconds } = await parts.tokens.issue({
    ...(principal.kind === 'account'
      ? {
          account: {
            id: principal.accountId,
            name: principal.name,
            ...(secretId === undefined ? {} : { secretId }),
          },
        }
      : {}),
    access,
    mayListCatalog: scopes.catalog,
  });
  const body = {
    token,
    access_token: token,
    expires_in: expiresInSeconds,
    issued_at: issuedAt.toISOString(),
    scope: access.map((entry) => `repository:${entry.name}:${entry.actions.join(',')}`).join(' '),
  };
  return reply.header('content-type', 'application/json').send(JSON.stringify(body));
}

/** What was asked for and the principal may do. */
async function grantedAccess(
  parts: RegistryParts,
  asked: { readonly principal: Principal; readonly scopes: ReturnType<typeof parseScopes> },
): Promise<readonly TokenAccess[]> {
  const { repositories } = asked.scopes;
  const grants = await readGrants(parts.connection.db, {
    principal: asked.principal,
    namespaces: [...new Set(repositories.map(({ name }) => name.namespace))],
  });
  const byNamespace = new Map(grants.map((grant) => [grant.namespace, grant]));
  return repositories.flatMap(({ name, actions }) => {
    const grant = byNamespace.get(name.namespace);
    const granted = [...actions].filter((action) => grant?.rights.has(action) === true);
    return grant === undefined || granted.length === 0
      ? []
      : [{ name: name.full, namespaceId: grant.namespaceId, actions: granted }];
  });
}

/** Undefined when the credentials prove nothing; a bearer token buys no other token. */
function principalOf(credentials: Credentials): Principal | undefined {
  switch (credentials.kind) {
    case 'none':
      return { kind: 'anonymous' };
    case 'password':
      return credentials.principal;
    case 'token':
    case 'invalid':
    case 'limited':
      return undefined;
  }
}

async function readForm(request: FastifyRequest): Promise<URLSearchParams | undefined> {
  const contentType = request.headers['content-type'] ?? '';
  if (!contentType.toLowerCase().startsWith('application/x-www-form-urlencoded')) return undefined;
  const body = await readBody(request.raw, formSizeBytesMax);
  return body.kind === 'bytes' ? new URLSearchParams(body.bytes.toString('utf8')) : undefined;
}

export function queryOf(request: FastifyRequest): URLSearchParams {
  const start = request.url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : request.url.slice(start + 1));
}
