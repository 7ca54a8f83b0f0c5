/** Levels of an index: it, the indexes in it, and the images at the bottom (threats.md §1.9). */
export const indexLevelsMax = 8;
/** Distinct manifests below an index (threats.md §1.9). */
export const indexNodesMax = 10_000;
