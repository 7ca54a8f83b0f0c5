/** Each has its own state; the scanner's job writes them together. */
export type ScanCategory = 'vulnerabilities' | 'malware' | 'secrets';

/** State of one image and category (semantics.md §1). `undetermined` is shown for a finished scan that has doubts. */
export type ScanState =
  | 'not-scanned'
  | 'queued'
  | 'scanning'
  | 'scanned'
  | 'undetermined'
  | 'incomplete'
  | 'cancelled'
  | 'failed'
  | 'unsupported';

/** A reason why a finished scan does not mean "nothing found": it is shown, counted and judged by policy. */
export interface Doubt {
  readonly code:
    | 'unknown-distribution'
    | 'unsupported-distribution'
    | 'renamed-distribution'
    | 'unreadable-file'
    | 'guessed-archive'
    | 'rebuilt-packages'
    | 'end-of-life'
    | 'no-package-database'
    | 'no-data-for-release'
    | 'data-older-than-image'
    | 'feed-missing'
    | 'feed-failed'
    | 'feed-stale'
    | 'index-in-part'
    | 'undetermined-version';
  /** One sentence for people, without a full stop. */
  readonly message: string;
}

/** What a failed or incomplete scan says of itself; kept as long as the image lives. */
export interface ScanProblem {
  /** The step that failed: `fetch`, `read-layer`, `inventory`, `match`, … */
  readonly phase: string;
  readonly reason: string;
  readonly remedy: string;
}
