/** `undetermined`: at least one text is not a version of this order, or its sources disagree. Never to be read as "not affected". */
export type Comparison = 'less' | 'equal' | 'greater' | 'undetermined';

/**
 * How one packaging system orders versions. Antisymmetric and transitive; linear in the length of its input, which
 * comes from images and is hostile.
 */
export interface VersionOrder {
  /** How `a` stands to `b`: `less` when `a` is the older. */
  compare(a: string, b: string): Comparison;
  /** Whether one of the list is equal to the version; absent: `compare()` tells, one by one. Lists are told apart by identity. */
  equalsAny?(version: string, list: readonly string[]): boolean;
  /**
   * The same order, which remembers what it has read and compared: for the versions of one package against its advisories, which
   * name the same versions again and again. It grows with every text, so whoever asks for it lets go of it soon. Absent: it
   * remembers already, or there is nothing to remember.
   */
  remembering?(): VersionOrder;
  /** Two versions of it may be undetermined beside one another. Absent: only what is no version is. */
  readonly isPartial?: true;
}
