import type { Severity } from './severity.ts';

/** What a secret opens; the words that lists filter by. */
export type SecretType =
  | 'cloud'
  | 'code-host'
  | 'package-registry'
  | 'chat'
  | 'payment'
  | 'service'
  | 'database'
  | 'private-key'
  | 'token'
  | 'password';

/** A credential as one text has it. The value itself is nowhere kept (semantics.md §2). */
export interface SecretHit {
  /** Id of the rule that found it. */
  readonly rule: string;
  readonly title: string;
  readonly type: SecretType;
  readonly severity: Severity;
  /** At most the first two characters, then asterisks. */
  readonly masked: string;
  /** Counted from 1. */
  readonly line: number;
}
