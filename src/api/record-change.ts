import type { FastifyRequest } from 'fastify';
import { recordEvent } from '../accounts/events.ts';
import type { Database } from '../database/database.ts';
import type { Caller } from './caller.ts';

const userAgentLengthMax = 300;

/** Address and user agent, as events keep them. */
export function clientOf(request: FastifyRequest): string {
  const userAgent = request.headers['user-agent'] ?? '';
  return `${request.ip} ${userAgent.slice(0, userAgentLengthMax)}`.trim();
}

/** Writes who changed what into the audit log; given a transaction, exactly when that commits. */
export async function recordChange(
  db: Database,
  call: {
    readonly caller: Caller;
    readonly request: FastifyRequest;
    readonly namespace: { readonly id: number } | undefined;
  },
  change: { readonly kind: string; readonly subject: string; readonly details?: unknown },
): Promise<void> {
  await recordEvent(db, {
    ...change,
    ...(call.namespace === undefined ? {} : { namespaceId: call.namespace.id }),
    actor: call.caller.principal.name,
    client: clientOf(call.request),
  });
}
