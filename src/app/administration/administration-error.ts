/** A command was refused; the message says why. */
export class AdministrationError extends Error {
  readonly code = 'refused';
  constructor(message: string) {
    super(message);
    this.name = 'AdministrationError';
  }
}
