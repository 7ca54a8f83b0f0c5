import type { FastifyReply } from 'fastify';
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';
import type { Access } from './authorize.ts';
import { ContentGoneError } from './content-gone-error.ts';
import { type Refusal, refusals, warningHeaders } from './errors.ts';
import type { PullGuard, PullRequest, RepositoryRef } from './guards.ts';

/**
 * Asks the pull guard and puts what an allowed answer must carry on the reply; returns the refusal otherwise. A guard
 * that throws refuses: the caller's error handler answers 503.
 */
export async function askPullGuard(asked: {
  readonly guard: PullGuard;
  readonly access: Access;
  readonly repository: RepositoryRef;
  readonly target: { readonly kind: 'manifest' | 'blob'; readonly digest: Digest };
  readonly tag?: Tag;
  readonly method: 'GET' | 'HEAD';
  readonly reply: FastifyReply;
  /** Ends the guard's waiting; absent: when the client has gone. */
  readonly signal?: AbortSignal;
}): Promise<Refusal | undefined> {
  const { access, reply } = asked;
  let abort: AbortController | undefined;
  const request: PullRequest = {
    requester: access.requester,
    repository: asked.repository,
    target: asked.target,
    ...(asked.tag === undefined ? {} : { tag: asked.tag }),
    method: asked.method,
    mayPush: access.mayPush,
    // Made only for a guard that waits.
    get signal() {
      if (asked.signal !== undefined) return asked.signal;
      abort ??= abortWhenGone(reply);
      return abort.signal;
    },
  };
  const decision = await asked.guard.decide(request).catch((error: unknown) => {
    if (error instanceof ContentGoneError) return undefined;
    throw error;
  });
  if (decision === undefined) return goneOf(asked);
  reply.header('vary', 'Authorization, Accept');
  if (decision.kind === 'deny') {
    reply.header('cache-control', 'private, no-store');
    const { retryAfterSeconds, message, detail } = decision;
    return refusals.denied(message, {
      detail,
      ...(retryAfterSeconds === undefined
        ? {}
        : { headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) } }),
    });
  }
  if (decision.warnings.length > 0) reply.header('warning', [...warningHeaders(decision.warnings)]);
  // Never without a question: a policy acts on the next pull, and nginx keeps what says nothing (threats.md C13).
  reply.header('cache-control', decision.cacheable ? 'private, no-cache' : 'private, no-store');
  return undefined;
}

/** It was deleted after it had been looked up. */
function goneOf({ access, target }: Pick<Parameters<typeof askPullGuard>[0], 'access' | 'target'>): Refusal {
  const message = `Cannot find "${access.name.full}@${target.digest}": it has just been deleted`;
  return target.kind === 'manifest' ? refusals.manifestUnknown(message) : refusals.blobUnknown(message);
}

function abortWhenGone(reply: FastifyReply): AbortController {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort();
  });
  if (reply.raw.destroyed) abort.abort();
  return abort;
}

/** Whether an If-None-Match header names the entity (RFC 9110 §13.1.2, weak comparison). */
export function matchesETag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
