/**
 * Why an inspection did not end: `memory`: it took more than it may; `time`: it worked longer than so many bytes need;
 * `stalled`: nothing was done for too long; `answer`: it gave more than can be kept; `crashed`: its process ended.
 */
export type InspectionFailure = 'memory' | 'time' | 'stalled' | 'answer' | 'crashed';

/** An inspection was given up: nobody knows what is in what it read. */
export class InspectionError extends Error {
  override readonly name = 'InspectionError';
  readonly code = 'inspection';
  readonly failure: InspectionFailure;

  /** `subject`: what was inspected, for people: `layer 2 (sha256:…)`. `reason`: one clause. */
  constructor(
    failure: InspectionFailure,
    options: { readonly subject: string; readonly reason: string; readonly cause?: unknown },
  ) {
    super(`Cannot inspect ${options.subject}: ${options.reason}`, { cause: options.cause });
    this.failure = failure;
  }
}
