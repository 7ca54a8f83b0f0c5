import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { AccountBusyError } from '../accounts/account-busy-error.ts';
import { isReferenceGone } from '../database/is-reference-gone.ts';
import { ContentGoneError } from './content-gone-error.ts';

/** distribution-spec v1.1 spec.md#error-codes; `UNAVAILABLE` is ours for 5xx, which the spec leaves open. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE';

/** An answer that refuses. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: RegistryErrorCode;
  readonly message: string;
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Extra = Pick<Refusal, 'detail' | 'headers'>;

function refusal(status: number, code: RegistryErrorCode, message: string, extra: Extra = {}): Refusal {
  return { kind: 'refused', status, code, message, ...extra };
}

export const refusals = {
  blobUnknown: (message: string) => refusal(404, 'BLOB_UNKNOWN', message),
  uploadUnknown: () =>
    refusal(
      404,
      'BLOB_UPLOAD_UNKNOWN',
      'Cannot go on with the upload: it must have been opened here by you and not have ended, got an unknown one',
    ),
  uploadBusy: () =>
    refusal(
      409,
      'BLOB_UPLOAD_INVALID',
      'Cannot go on with the upload: one request at a time may work on it, got another',
      { headers: { 'retry-after': '1' } },
    ),
  /** A chunk that does not go on where the upload ends. */
  chunkOutOfOrder: (message: string, headers: Readonly<Record<string, string>>) =>
    refusal(416, 'BLOB_UPLOAD_INVALID', message, { headers }),
  /** A part of a blob that it does not have; no code of the specification is nearer. */
  rangeNotSatisfiable: (message: string, sizeBytes: number) =>
    refusal(416, 'SIZE_INVALID', message, { headers: { 'content-range': `bytes */${sizeBytes}` } }),
  digestInvalid: (message: string, detail?: unknown) => refusal(400, 'DIGEST_INVALID', message, { detail }),
  manifestBlobUnknown: (message: string, detail: unknown) =>
    refusal(404, 'MANIFEST_BLOB_UNKNOWN', message, { detail }),
  manifestInvalid: (message: string, detail?: unknown) =>
    refusal(400, 'MANIFEST_INVALID', message, { detail }),
  manifestUnknown: (message: string) => refusal(404, 'MANIFEST_UNKNOWN', message),
  manifestTooLarge: (message: string) => refusal(413, 'SIZE_INVALID', message),
  nameInvalid: (message: string) => refusal(400, 'NAME_INVALID', message),
  nameUnknown: (message: string) => refusal(404, 'NAME_UNKNOWN', message),
  sizeInvalid: (message: string, detail?: unknown) => refusal(400, 'SIZE_INVALID', message, { detail }),
  /** `challenge` is the WWW-Authenticate header. */
  unauthorized: (message: string, challenge: string) =>
    refusal(401, 'UNAUTHORIZED', message, { headers: { 'www-authenticate': challenge } }),
  denied: (message: string, extra: Extra = {}) => refusal(403, 'DENIED', message, extra),
  /** A tag that may not be moved or deleted. */
  conflict: (message: string, detail: unknown) => refusal(409, 'DENIED', message, { detail }),
  tooManyRequests: (retryAfterSeconds: number) =>
    refusal(
      429,
      'TOOMANYREQUESTS',
      `Cannot sign in: too many tries failed, the next is possible in ${retryAfterSeconds} s`,
      { headers: { 'retry-after': String(retryAfterSeconds) } },
    ),
  tooManyAtOnce: (message: string) =>
    refusal(429, 'TOOMANYREQUESTS', message, { headers: { 'retry-after': '1' } }),
  tooManyManifests: () =>
    refusal(
      429,
      'TOOMANYREQUESTS',
      'Cannot take the manifest: as many large ones are being stored as may be at once; send it again',
      { headers: { 'retry-after': '5' } },
    ),
  tooManyUploads: (namespace: string) =>
    refusal(
      429,
      'TOOMANYREQUESTS',
      `Cannot open an upload: as many are open in the namespace "${namespace}" as may be; end some, or wait until they expire`,
      { headers: { 'retry-after': '60' } },
    ),
  unsupported: (message: string) => refusal(405, 'UNSUPPORTED', message),
  pathUnknown: () =>
    refusal(
      404,
      'UNSUPPORTED',
      'Cannot find this path: it must be one of the OCI distribution API, got another',
    ),
  parameterInvalid: (message: string) => refusal(400, 'UNSUPPORTED', message),
  /** Damaged or missing bytes, an unreachable database, a guard that failed: never bytes instead (semantics.md §3). */
  unavailable: (requestId: string) =>
    refusal(503, 'UNAVAILABLE', 'The registry cannot answer now; try again', {
      detail: { requestId },
      headers: { 'retry-after': '5' },
    }),
  /** Reads go on; a client that repeats the request once there is room again succeeds. */
  storageFull: (requestId: string) =>
    refusal(507, 'UNAVAILABLE', 'Cannot store this: the registry needs free disk space, got none', {
      detail: { requestId },
      headers: { 'retry-after': '30' },
    }),
} as const;

/** `507` (RFC 4918 §11.5) when a disk is full, the store's or the database's; 503 for every other failure. */
export function refusalOfFailure(error: unknown, requestId: string): Refusal {
  if (isDeletedMeanwhile(error)) {
    return refusals.nameUnknown(
      'Cannot find what the request is about: its namespace or repository has just been deleted',
    );
  }
  if (error instanceof AccountBusyError) return refusals.tooManyAtOnce(error.message);
  return isDiskFull(error) ? refusals.storageFull(requestId) : refusals.unavailable(requestId);
}

/** No failure: what the request is about went while it was answered. */
export function isDeletedMeanwhile(error: unknown): boolean {
  return error instanceof ContentGoneError || isReferenceGone(error);
}

/** errno names, and disk_full of PostgreSQL's Appendix A. */
const diskFullCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', '53100']);

function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && diskFullCodes.has(error.code)) || isDiskFull(error.cause);
}

/** Sends a refusal; on HEAD, which has no body, a denial's reason goes into a Warning header (semantics.md §3). */
export function refuse(reply: FastifyReply, refused: Refusal): FastifyReply {
  reply.code(refused.status);
  // Of a refusal containerd 1.6 (`ctr`) shows the status line and nothing else.
  if (refused.code === 'DENIED')
    reply.raw.statusMessage = `${STATUS_CODES[refused.status]}: ${printable(refused.message).slice(0, reasonMax)}`;
  for (const [name, value] of Object.entries(refused.headers ?? {})) reply.header(name, value);
  if (reply.request.method === 'HEAD') {
    if (refused.code === 'DENIED') reply.header('warning', warningHeader(refused.message, warningBytesMax));
    return reply.header('content-type', 'application/json').send();
  }
  const { code, message, detail } = refused;
  return reply
    .header('content-type', 'application/json')
    .send(JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }));
}

/** distribution-spec v1.1 spec.md#warnings: all Warning headers of an answer together. */
const warningBytesMax = 4096;

/** Characters of a status line's reason: the five ids and the report; proxies take heads of 4 KiB and more. */
const reasonMax = 1_000;

/** The texts as `Warning` headers (RFC 7234 §5.5, code 299), cut so that together they stay within 4,096 bytes. */
export function warningHeaders(texts: readonly string[]): readonly string[] {
  const headers: string[] = [];
  let leftBytes = warningBytesMax;
  for (const text of texts) {
    if (leftBytes < 64) break;
    const header = warningHeader(text, leftBytes);
    headers.push(header);
    leftBytes -= header.length;
  }
  return headers;
}

function warningHeader(text: string, bytesMax: number): string {
  const plain = printable(text).replaceAll('\\', '/').replaceAll('"', "'");
  const prefix = '299 - "';
  return `${prefix}${plain.slice(0, bytesMax - prefix.length - 1)}"`;
}

/** What a head may hold: ASCII without control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ');
}
