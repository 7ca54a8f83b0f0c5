/** The server's refusal or failure, or none reached (`status` 0). `message` is meant for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;

  constructor(answer: { status: number; code: string; message: string; details?: unknown }) {
    super(answer.message);
    this.name = 'ApiError';
    this.status = answer.status;
    this.code = answer.code;
    this.details = answer.details;
  }
}

/** Reads an error body of whatever form: a proxy in between may answer with something that is not ours. */
export function apiErrorOf(status: number, body: unknown): ApiError {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const error = body.error;
    if (typeof error === 'object' && error !== null && 'code' in error && 'message' in error) {
      return new ApiError({
        status,
        code: String(error.code),
        message: String(error.message),
        details: 'details' in error ? error.details : undefined,
      });
    }
  }
  return new ApiError({ status, code: 'UNKNOWN', message: `The server answered with status ${status}` });
}
