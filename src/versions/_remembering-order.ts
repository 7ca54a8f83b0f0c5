import type { Comparison, VersionOrder } from './version-order.ts';

/** The same order, which works out each pair once. */
export function rememberingOrder(order: VersionOrder): VersionOrder {
  const known = new Map<string, Map<string, Comparison>>();
  return {
    compare(a, b) {
      let ofFirst = known.get(a);
      if (ofFirst === undefined) {
        ofFirst = new Map();
        known.set(a, ofFirst);
      }
      let comparison = ofFirst.get(b);
      if (comparison === undefined) {
        comparison = order.compare(a, b);
        ofFirst.set(b, comparison);
      }
      return comparison;
    },
  };
}
