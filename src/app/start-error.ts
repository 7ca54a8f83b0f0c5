/** The server or a command cannot start in this environment; the message is one line that says what to do. */
export class StartError extends Error {
  readonly code = 'cannot_start';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}
