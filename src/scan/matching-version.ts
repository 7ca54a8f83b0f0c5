/**
 * Grows with every change of how packages are matched: an order of versions, the spelling of names, which records
 * count, what is stored of a match.
 * Packages that were matched by older rules are matched again after the next synchronisation.
 */
export const matchingVersion = 2;
