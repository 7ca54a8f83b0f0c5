/**
 * Why there is no image: `not-found`: nothing there; `invalid`: the documents break their specification or each other;
 * `not-an-image`: something else, such as an artifact; `unsupported`: a form that is not read; `limit`: too much of it.
 */
export type ImageProblem = 'not-found' | 'invalid' | 'not-an-image' | 'unsupported' | 'limit';

export class ImageUnreadableError extends Error {
  override readonly name = 'ImageUnreadableError';
  readonly code: ImageProblem;

  constructor(code: ImageProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
