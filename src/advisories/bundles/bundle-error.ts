/** A bundle must not be used: it is broken, of another kind, not trusted, or older than what is held. Nothing was changed. */
export class BundleRefusedError extends Error {
  override readonly name = 'BundleRefusedError';
  readonly code = 'bundle-refused';
  /** File or address of the bundle. */
  readonly source: string;

  /** `rule` completes the sentence: "it must be …, got …". */
  constructor(source: string, rule: string, options?: ErrorOptions) {
    super(`Cannot use the bundle "${source}": ${rule}`, options);
    this.source = source;
  }
}

/** A file or registry could not be read or written; another attempt may get past it. */
export class BundleUnreachableError extends Error {
  override readonly name = 'BundleUnreachableError';
  readonly code = 'bundle-unreachable';
}

/** A key, or an address, is not one: a mistake in a command or a setting. */
export class BundleInputError extends Error {
  override readonly name = 'BundleInputError';
  readonly code = 'bundle-input';
}
