import fc from 'fast-check';
import type { VersionOrder } from '../../versions/version-order.ts';

export type VersionPair = readonly [a: string, b: string];

export interface PairsRequest {
  readonly order: VersionOrder;
  readonly versions: readonly string[];
  readonly neighboursMax: number;
  readonly randomMax: number;
}

/** Pairs worth asking an oracle about: neighbours in our own order (the hardest), and some at random, the same every time. */
export function versionPairs({ order, versions, neighboursMax, randomMax }: PairsRequest): VersionPair[] {
  const ranks = { less: -1, equal: 0, undetermined: 0, greater: 1 };
  const sorted = [...versions].sort((a, b) => ranks[order.compare(a, b)]);
  const step = Math.max(1, Math.floor(sorted.length / neighboursMax));
  const neighbours = sorted.flatMap((a, index): VersionPair[] => {
    const b = sorted[index + 1];
    return b === undefined || index % step !== 0 ? [] : [index % 2 === 0 ? [a, b] : [b, a]];
  });
  const one = fc.constantFrom(...versions);
  return [...neighbours, ...fc.sample(fc.tuple(one, one), { numRuns: randomMax, seed: 1 })];
}
