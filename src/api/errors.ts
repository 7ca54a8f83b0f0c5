import { AccountBusyError } from '../accounts/account-busy-error.ts';
import { isReferenceGone } from '../database/is-reference-gone.ts';
import { DatabaseBusyError, isDatabaseUnavailable } from '../database/is-unavailable.ts';
import { ContentGoneError } from '../registry/content-gone-error.ts';
import type { ApiErrorBody } from './contract/api-error.ts';

/** A request that is refused: the only place of the API, with `answerOfError()`, that knows HTTP statuses of refusals. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly details?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  }) {
    super(options.message);
    this.status = options.status;
    this.code = options.code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

export function badRequest(message: string, details?: unknown): ApiError {
  return new ApiError({ status: 400, code: 'invalid-request', message, details });
}

/** No `WWW-Authenticate`: a browser would open its own password dialog over the console. */
export function unauthenticated(message: string): ApiError {
  return new ApiError({ status: 401, code: 'unauthenticated', message });
}

export function forbidden(message: string, details?: unknown): ApiError {
  return new ApiError({ status: 403, code: 'forbidden', message, details });
}

/** Also for what exists but the caller may not know of (threats.md A1). */
export function notFound(message: string): ApiError {
  return new ApiError({ status: 404, code: 'not-found', message });
}

export function conflict(message: string, details?: unknown): ApiError {
  return new ApiError({ status: 409, code: 'conflict', message, details });
}

export function unsupportedMediaType(message: string): ApiError {
  return new ApiError({ status: 415, code: 'unsupported-media-type', message });
}

export function tooManyTries(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError({
    status: 429,
    code: 'too-many-tries',
    message,
    details: { retryAfterSeconds },
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

/** SQLSTATE `query_canceled`. */
const statementTimeout = '57014';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ApiErrorBody;
  /** True for what is our fault, so that it is logged. */
  readonly unexpected: boolean;
}

/** What a client is told of an error. Text of unexpected errors stays in the log (threats.md E4). */
export function answerOfError(error: unknown, requestId: string): ErrorAnswer {
  if (error instanceof ApiError) {
    const { status, code, message, details, headers } = error;
    return answer({ status, code, message, details, headers, unexpected: status >= 500 });
  }
  const { code, status } = knownFields(error);
  if (code.startsWith('FST_') && status >= 400 && status < 500) {
    const message = error instanceof Error ? error.message : 'Cannot read the request';
    return answer({
      status,
      code: 'invalid-request',
      message: message.replace(/\.$/, ''),
      details: undefined,
    });
  }
  if (error instanceof AccountBusyError) {
    const headers = { 'retry-after': '1' };
    return answer({
      status: 429,
      code: 'too-many-requests',
      message: error.message,
      details: undefined,
      headers,
    });
  }
  if (error instanceof ContentGoneError) {
    return answer({ status: 404, code: 'not-found', message: error.message, details: undefined });
  }
  if (isReferenceGone(error)) {
    const message = 'Cannot change this: what it belongs to has just been deleted';
    return answer({ status: 404, code: 'not-found', message, details: undefined });
  }
  if (isDatabaseUnavailable(error)) {
    const message = whyUnavailable(error);
    const headers = { 'retry-after': '5' };
    return answer({
      status: 503,
      code: 'unavailable',
      message,
      details: { requestId },
      headers,
      unexpected: true,
    });
  }
  const message = `Cannot answer the request: an unexpected error, logged under request id ${requestId}`;
  return answer({ status: 500, code: 'internal', message, details: { requestId }, unexpected: true });
}

/** What whoever asked can do about it. */
function whyUnavailable(error: unknown): string {
  if (knownFields(error).code === statementTimeout)
    return 'Cannot answer in time: the database was at it for too long; ask for less, such as one namespace, or try again in a few seconds';
  if (error instanceof DatabaseBusyError)
    return 'Cannot answer now: too many others are answered already; try again in a few seconds';
  return 'Cannot use the database now: try again in a few seconds';
}

function knownFields(error: unknown): { readonly code: string; readonly status: number } {
  if (typeof error !== 'object' || error === null) return { code: '', status: 0 };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 0;
  return { code, status };
}

function answer(options: {
  status: number;
  code: string;
  message: string;
  details: unknown;
  headers?: Readonly<Record<string, string>>;
  unexpected?: boolean;
}): ErrorAnswer {
  const { status, code, message, details, headers = {}, unexpected = false } = options;
  const error = details === undefined ? { code, message } : { code, message, details };
  return { status, headers, body: { error }, unexpected };
}
