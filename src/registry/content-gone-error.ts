/** What a request is about was deleted while it was answered: 404, as if it had come a moment later. */
export class ContentGoneError extends Error {
  readonly code: string = 'content_gone';
}
