import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { recordEvent } from '../accounts/events.ts';
import {
  countsContent,
  isRefusalToNote,
  type OverQuota,
  reserveForUpload,
  withReservation,
} from '../catalog/quota.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Access } from './authorize.ts';
import type { RegistryCall } from './dependencies.ts';
import { type Refusal, refusals } from './errors.ts';
import type { Requester } from './guards.ts';

/** Room that is asked for at once for a body whose length the client does not say, from the most to the least. */
const stepsBytes = [16 * 1024 * 1024, 1024 * 1024, 0] as const;
/** A client that goes on sending after it was refused is given this long to read the answer. */
const lingerMs = 1_000;

/** Thrown out of a body that would take more room than the namespace has left. */
export class QuotaExceededError extends Error {
  readonly code = 'quota_exceeded';
  readonly over: OverQuota;
  constructor(over: OverQuota) {
    super(`Cannot take more bytes: the namespace may hold ${over.quotaBytes}, got ${over.usedBytes}`);
    this.name = 'QuotaExceededError';
    this.over = over;
  }
}

/**
 * The request's body as an upload may take it. In a namespace with a quota, room is set aside before any byte is read: for
 * all of it when its length is known, otherwise as it comes. Throws `QuotaExceededError`, also out of the stream.
 */
export async function admittedBody(
  call: RegistryCall,
  body: {
    readonly access: Access;
    readonly uploadId: string;
    /** Bytes that the upload has. */
    readonly startBytes: number;
    readonly source: Readable;
  },
): Promise<Readable> {
  const { access, uploadId, startBytes, source } = body;
  if (access.situation.namespace?.quotaBytes === undefined) return source;
  let reservedBytes = startBytes;
  const reserve = async (totalBytes: number): Promise<OverQuota | undefined> => {
    const { namespaceId } = access;
    const wish = { id: uploadId, namespaceId, reservedBytes, totalBytes };
    const admission = await reserveForUpload(call.parts.connection.db, wish);
    if (admission.kind === 'over-quota') return admission;
    reservedBytes = totalBytes;
    return undefined;
  };
  const lengthBytes = call.request.headers['content-length'];
  if (lengthBytes !== undefined) {
    const over = await reserve(startBytes + Number(lengthBytes));
    if (over !== undefined) throw new QuotaExceededError(over);
    return source;
  }
  return Readable.from(metered(source, { startBytes, reservedBytes: () => reservedBytes, reserve }));
}

async function* metered(
  source: Readable,
  room: {
    readonly startBytes: number;
    readonly reservedBytes: () => number;
    readonly reserve: (totalBytes: number) => Promise<OverQuota | undefined>;
  },
): AsyncGenerator<Buffer> {
  let totalBytes = room.startBytes;
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk; // a byte stream without an encoding
    totalBytes += bytes.length;
    let over: OverQuota | undefined;
    for (const stepBytes of stepsBytes) {
      if (totalBytes <= room.reservedBytes()) break;
      over = await room.reserve(totalBytes + stepBytes);
    }
    if (over !== undefined && totalBytes > room.reservedBytes()) throw new QuotaExceededError(over);
    yield bytes;
  }
}

/** Links content by `work` when the namespace has room for it, or has it already. */
export async function linkWithinQuota<Result>(
  call: RegistryCall,
  content: {
    readonly access: Access;
    readonly repositoryId: number;
    readonly kind: 'blob' | 'manifest';
    readonly digest: Digest;
    readonly sizeBytes: number;
  },
  work: () => Promise<Result>,
): Promise<Result | OverQuota> {
  const { access, repositoryId, kind, digest, sizeBytes } = content;
  const { namespaceId } = access;
  const { db } = call.parts.connection;
  if (access.situation.namespace?.quotaBytes === undefined) return await work();
  if (await countsContent(db, { namespaceId, kind, digest })) return await work();
  return await withReservation(db, { namespaceId, repositoryId, sizeBytes }, work);
}

/** The answer, an event and a count of a push that the quota does not let in. */
export async function refuseOverQuota(
  call: RegistryCall,
  refused: { readonly access: Access; readonly over: OverQuota },
): Promise<Refusal> {
  const { namespaceId, name, requester } = refused.access;
  const { usedBytes, quotaBytes, wantedBytes } = refused.over;
  const { namespace } = name;
  const parts = { db: call.parts.connection.db, onQuotaRefused: call.parts.onQuotaRefused };
  const asked = { namespaceId, namespace, requester, subject: name.full, over: refused.over };
  await noteOverQuota(parts, asked);
  return refusals.denied(overQuotaInWords(asked), {
    detail: { reason: 'quota', namespace, usedBytes, quotaBytes, wantedBytes },
  });
}

/** Counts a push that the quota does not let in, and writes it into the audit log. */
export async function noteOverQuota(
  parts: {
    readonly db: Database;
    readonly onQuotaRefused?: ((namespace: string) => void) | undefined;
  },
  refused: {
    readonly namespaceId: number;
    readonly namespace: string;
    readonly requester: Requester;
    /** Full name of the repository. */
    readonly subject: string;
    readonly over: OverQuota;
  },
): Promise<void> {
  const { namespaceId, namespace, requester, subject, over } = refused;
  const { usedBytes, quotaBytes, wantedBytes } = over;
  parts.onQuotaRefused?.(namespace);
  if (!(await isRefusalToNote(parts.db, namespaceId))) return;
  await recordEvent(parts.db, {
    kind: 'quota.exceeded',
    namespaceId,
    actor: requester.name,
    client: requester.client,
    subject,
    details: { usedBytes, quotaBytes, wantedBytes },
  });
}

/** What a client is told of such a push. */
export function overQuotaInWords(refused: {
  readonly namespace: string;
  readonly subject: string;
  readonly over: OverQuota;
}): string {
  const { usedBytes, quotaBytes, wantedBytes } = refused.over;
  return `Cannot push to "${refused.subject}": the namespace "${refused.namespace}" may hold ${inMiB(quotaBytes)} and holds ${inMiB(usedBytes)}, got ${inMiB(wantedBytes)} more; delete images there, or ask a system administrator for a larger quota`;
}

function inMiB(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}

/**
 * Reads no further than a moment when the request is answered before its body has ended: a client that sends and does not
 * listen would otherwise be read to the end. Closing at once would take the answer from it (RFC 9112 §9.6).
 */
export function stopReadingAfter(reply: FastifyReply): FastifyReply {
  const { raw: request } = reply.request;
  reply.raw.once('finish', () => {
    if (request.complete) return;
    const cut = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, lingerMs);
    request.socket.once('close', () => clearTimeout(cut));
    request.once('end', () => clearTimeout(cut));
  });
  return reply;
}
