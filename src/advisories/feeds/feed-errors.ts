/** A source did not answer, or stopped answering, after all retries: trying later may help. */
export class FeedUnreachableError extends Error {
  readonly code = 'feed-unreachable';
  override readonly name = 'FeedUnreachableError';

  readonly address: string;

  constructor(address: string, detail: string, options?: ErrorOptions) {
    super(`Cannot read "${address}": ${detail}`, options);
    this.address = address;
  }
}

/** A source answered with something that must not replace what is held: it stays in force. */
export class FeedRefusedError extends Error {
  readonly code = 'feed-refused';
  override readonly name = 'FeedRefusedError';

  readonly address: string;

  constructor(address: string, detail: string, options?: ErrorOptions) {
    super(`Cannot use "${address}": ${detail}`, options);
    this.address = address;
  }
}
