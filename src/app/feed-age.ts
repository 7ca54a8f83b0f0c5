/** A feed that was confirmed longer ago than this many days counts as stale (semantics.md §1). */
export const feedAgeMaxDays = 5;
