/** The invariants of threats.md §3 that can be checked from outside. */
export type Invariant = 'INV1' | 'INV2' | 'INV3' | 'INV5' | 'INV6' | 'INV7' | 'INV8';

export interface Breach {
  readonly invariant: Invariant;
  /**
   * `reclaimable`: nothing is wrong; it takes room until the garbage collector comes by. `deleted`: somebody deleted what
   * something else still refers to, as the distribution API allows; the event log says who.
   */
  readonly level: 'broken' | 'reclaimable' | 'deleted';
  /** What it is about: a digest, an image, a tag, a file. */
  readonly subject: string;
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}
