import type { SecretType } from '../../report/secret.ts';
import type { Severity } from '../../report/severity.ts';

/** One kind of credential: how it looks, and by what it is found quickly. */
export interface SecretRule {
  /** Lower case, words joined by `-`; never changes, because exemptions name it. */
  readonly id: string;
  readonly title: string;
  readonly type: SecretType;
  readonly severity: Severity;
  /** One of these stands in every text that `pattern` matches: 4 or more ASCII characters, case counts. */
  readonly keywords: readonly string[];
  /**
   * Matched with the text near a keyword: 256 bytes before it, 1,024 from it on. Global; the first group that took
   * part is the secret, or without one the whole match. Must not backtrack without bound: quantifiers that follow one another share no
   * characters, or are bounded.
   */
  readonly pattern: RegExp;
  /** Stands near every hit too: told before `pattern` is tried, where the keywords alone are common words. */
  readonly alsoNear?: string;
  /** A second look at the secret where the pattern alone is not proof enough. */
  readonly accepts?: (secret: string) => boolean;
  /** Only in files of the image's own: not where package managers install other people's. */
  readonly onlyOwnFiles?: boolean;
}
