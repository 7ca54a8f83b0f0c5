/** `undetermined`: at least one text is not a version of this order, or its sources disagree. Never to be read as "not affected". */
export type Comparison = 'less' | 'equal' | 'greater' | 'undetermined';

/**
 * How one packaging system orders versions. Antisymmetric and transitive; linear in the length of its input, which
 * comes from images and is hostile.
 */
export interface VersionOrder {
  /** How `a` stands to `b`: `less` when `a` is the older. */
  compare(a: string, b: string): Comparison;
  /**
   * The same order, which reads each text once: for versions that are compared with many others. It grows with every text,
   * so whoever asks for it lets go of it soon. Absent: there is nothing to remember.
   */
  remembering?(): VersionOrder;
}
