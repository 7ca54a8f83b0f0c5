import type { FastifyRequest } from 'fastify';
import type { DenialLog } from '../accounts/denial-log.ts';
import type { TokenAction } from '../accounts/docker-tokens.ts';
import { isReadOnly, leastRoleWith, type Principal, rightsIn } from '../accounts/rights.ts';
import { type Credentials, holderOf } from './credentials.ts';
import { type Refusal, refusals } from './errors.ts';
import type { RepositoryRef, Requester } from './guards.ts';
import type { FullName } from './parse-path.ts';
import type { ReadSituation, Situation, SituationKey } from './situation.ts';

/** A request that may do what it asks, in a namespace that exists. */
export interface Access {
  readonly kind: 'granted';
  readonly requester: Requester;
  readonly name: FullName;
  readonly namespaceId: number;
  /** Absent while nothing has been pushed to it. */
  readonly repository?: RepositoryRef;
  readonly mayPush: boolean;
  readonly situation: Situation;
}

export interface Challenges {
  /** Without a slash at the end; the realm is below it. */
  readonly externalUrl: string;
  readonly realm: string;
  readonly service: string;
}

/**
 * Looks up what the request is about and decides whether it may do `action` there. A token is an upper bound; the right
 * itself is the database's of this moment (threats.md A8, A9). To somebody without the right to pull, a private
 * repository and an absent one look the same (A15).
 */
export async function authorize(asked: {
  readonly request: FastifyRequest;
  readonly credentials: Credentials;
  readonly name: FullName;
  readonly action: TokenAction;
  readonly lookup?: Pick<SituationKey, 'tag' | 'manifestDigest' | 'blobDigest'>;
  /** What the challenge tells the client to ask for; absent: the action in the repository. */
  readonly scope?: string;
  readonly challenges: Challenges;
  readonly readSituation: ReadSituation;
  /** Told of what the rights refuse to an account; absent where the caller goes on in another way. */
  readonly denials?: DenialLog;
}): Promise<Access | Refusal> {
  const { credentials, name, action } = asked;
  const scope = asked.scope ?? `repository:${name.full}:${action === 'pull' ? 'pull' : `pull,${action}`}`;
  const challenge = (error?: string) =>
    challengeOf(asked.challenges, { scope, ...(error === undefined ? {} : { error }) });
  switch (credentials.kind) {
    case 'none':
      return refusals.unauthorized(`Cannot ${action} "${name.full}" without signing in`, challenge());
    case 'invalid':
      return refusals.unauthorized(
        'Cannot sign in: the name, password or token is not right',
        challenge('invalid_token'),
      );
    case 'limited':
      return refusals.tooManyRequests(credentials.retryAfterSeconds);
    case 'token':
    case 'password':
      break;
  }
  const holder = holderOf(credentials);
  const { namespace, repository } = name;
  const situation = await asked.readSituation({
    ...holder,
    namespace,
    repository,
    ...asked.lookup,
  });
  if (holder !== undefined && situation.account === undefined) {
    return refusals.unauthorized(
      'Cannot sign in: the account or its secret is gone',
      challenge('invalid_token'),
    );
  }
  const principal = principalOf(situation, credentials);
  const found = situation.namespace;
  const rights =
    found === undefined
      ? new Set()
      : rightsIn({
          principal,
          isPublic: found.isPublic,
          ...(found.role === undefined ? {} : { role: found.role }),
        });
  if (found === undefined || !rights.has(action)) {
    if (principal.kind === 'anonymous') {
      return refusals.unauthorized(`Cannot ${action} "${name.full}" without signing in`, challenge());
    }
    const refusal = refuseRight({
      name,
      action,
      isAbsent: found === undefined,
      mayRead: rights.has('read'),
      principal,
    });
    await recordDenial(asked, { refusal, actor: principal.name, namespaceId: found?.id });
    return refusal;
  }
  const tokenAllows = (wanted: TokenAction) =>
    credentials.kind === 'password' ||
    credentials.grant.access.some(
      (entry) => entry.name === name.full && entry.namespaceId === found.id && entry.actions.includes(wanted),
    );
  if (!tokenAllows(action)) {
    return refusals.unauthorized(
      `Cannot ${action} "${name.full}" with this token: it must have been asked for with that scope`,
      challenge('insufficient_scope'),
    );
  }
  return {
    kind: 'granted',
    requester: requesterOf(asked.request, principal, asked.challenges.externalUrl),
    name,
    namespaceId: found.id,
    ...(situation.repositoryId === undefined
      ? {}
      : {
          repository: { namespaceId: found.id, namespace, repositoryId: situation.repositoryId, repository },
        }),
    mayPush: rights.has('push') && tokenAllows('push'),
    situation,
  };
}

/** The WWW-Authenticate header of distribution "spec/auth/token". */
export function challengeOf(
  challenges: Challenges,
  about: { readonly scope?: string; readonly error?: string } = {},
): string {
  const { scope, error } = about;
  const parts = [`Bearer realm="${challenges.realm}"`, `service="${challenges.service}"`];
  if (scope !== undefined) parts.push(`scope="${scope}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return parts.join(',');
}

/** The same text whether the repository is private or absent. */
export function repositoryUnknown(name: FullName): Refusal {
  return refusals.nameUnknown(
    `Cannot find the repository "${name.full}": it must exist and you must have the right to pull from it`,
  );
}

function refuseRight(refused: {
  readonly name: FullName;
  readonly action: TokenAction;
  readonly isAbsent: boolean;
  readonly mayRead: boolean;
  readonly principal: Extract<Principal, { kind: 'account' }>;
}): Refusal {
  const { name, action, principal } = refused;
  if (isReadOnly(principal) && action !== 'pull' && refused.mayRead) {
    return refusals.denied(
      `Cannot ${action} "${name.full}": the access token must have the scope full, got read-only`,
    );
  }
  if (action === 'push' && refused.isAbsent && principal.isAdmin) {
    return refusals.nameUnknown(
      `Cannot push to "${name.full}": the namespace "${name.namespace}" must exist, got none; create it first: ` +
        `pratique admin namespace create ${name.namespace} (or POST /api/v1/namespaces, or the console)`,
    );
  }
  const detail = { right: action, namespace: name.namespace, role: leastRoleWith(action) };
  if (action === 'push' && !refused.mayRead) {
    // The same words whether the namespace is another's or absent (threats.md A15).
    return refusals.denied(
      `Cannot push to "${name.full}": the namespace "${name.namespace}" must exist and you must have the right "push" in it; ` +
        `ask its admin for the role ${leastRoleWith(action)}, or a system admin to create it: ` +
        `pratique admin namespace create ${name.namespace}`,
      { detail },
    );
  }
  if (refused.mayRead) {
    return refusals.denied(
      `Cannot ${action} "${name.full}": you must have the right "${action}" in the namespace "${name.namespace}"; ` +
        `ask its admin for the role ${leastRoleWith(action)}`,
      { detail },
    );
  }
  return repositoryUnknown(name);
}

async function recordDenial(
  asked: {
    readonly request: FastifyRequest;
    readonly name: FullName;
    readonly action: TokenAction;
    readonly denials?: DenialLog;
  },
  denied: { readonly refusal: Refusal; readonly actor: string; readonly namespaceId: number | undefined },
): Promise<void> {
  const { request, name, action } = asked;
  await asked.denials?.record({
    kind: 'access.denied',
    actor: denied.actor,
    address: request.ip,
    userAgent: request.headers['user-agent'],
    subject: name.full,
    namespaceId: denied.namespaceId,
    details: { action, status: denied.refusal.status },
  });
}

function principalOf(situation: Situation, credentials: Credentials): Principal {
  if (situation.account === undefined) return { kind: 'anonymous' };
  const { id, name, isAdmin } = situation.account;
  // A bearer token needs no scope: it was granted no more than the secret that bought it allows.
  const secret = credentials.kind === 'password' ? credentials.principal.secret : undefined;
  return { kind: 'account', accountId: id, name, isAdmin, ...(secret === undefined ? {} : { secret }) };
}

function requesterOf(request: FastifyRequest, principal: Principal, externalUrl: string): Requester {
  const client = `${request.ip} ${request.headers['user-agent'] ?? ''}`.trim().slice(0, 300);
  return principal.kind === 'account'
    ? { name: principal.name, accountId: principal.accountId, client, externalUrl }
    : { name: 'anonymous', client, externalUrl };
}
