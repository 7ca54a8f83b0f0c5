/**
 * Why bytes that claim to be an archive are not read to their end. `ambiguous`: two readers could see different files;
 * `corrupt` and `truncated`: broken; `unsupported`: a form that is not read here; `limit:…`: above a stated limit.
 */
export type ArchiveProblem =
  | 'ambiguous'
  | 'corrupt'
  | 'truncated'
  | 'unsupported'
  | 'limit:inflated'
  | 'limit:ratio'
  | 'limit:entries'
  | 'limit:path'
  | 'limit:header';

/** The content is at fault, not the disk or the network: reading it again would give the same. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveProblem;

  constructor(code: ArchiveProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
