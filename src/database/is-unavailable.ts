/** No connection came free in time: the request is shed, and may be repeated. */
export class DatabaseBusyError extends Error {
  readonly code = 'database_busy';
  constructor(waitedMs: number) {
    super(`Cannot query the database: a connection must come free in time, got none in ${waitedMs} ms`);
    this.name = 'DatabaseBusyError';
  }
}

/**
 * SQLSTATE classes (PostgreSQL Appendix A) and codes of Node that mean "not now": connection lost, server starting or
 * stopping, too many connections, statement or lock timeout, broken off for another transaction's sake.
 */
const passing =
  /^(?:08...|53...|57P0.|57014|55P03|25P03|40001|40P01|ECONN\w+|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN|database_busy)$/;

/** What `pg` and `pg-pool` say without a code. */
const messages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed)/;

/** Whether the error says that the database cannot be used now: the same request may succeed in a few seconds. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && passing.test(error.code)) return true;
  if (messages.test(error.message)) return true;
  // Node tries every address of a host name and throws what went wrong with each.
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  return error.cause !== undefined && isDatabaseUnavailable(error.cause);
}
