/** The account has as many requests under way as it may have (threats.md E8); an answer, once it reaches a client. */
export class AccountBusyError extends Error {
  readonly code = 'account_busy';
  /** For routes that have no errors of their own. */
  readonly statusCode = 429;
  constructor(name: string, requestsMax: number) {
    super(
      `Cannot answer now: account "${name}" may have ${requestsMax} requests under way at once, got one more; try again when some have ended`,
    );
    this.name = 'AccountBusyError';
  }
}
