import type { Comparison, VersionOrder } from './version-order.ts';

/**
 * The same order, which reads each text and works out each pair once: for the versions of one package against its advisories, which name the
 * same versions again and again. It grows with every pair, so whoever makes it lets go of it soon.
 */
export function rememberingOrder(order: VersionOrder): VersionOrder {
  const known = new Map<string, Map<string, Comparison>>();
  const reading = order.remembering?.() ?? order;
  return {
    compare(a, b) {
      let ofFirst = known.get(a);
      if (ofFirst === undefined) {
        ofFirst = new Map();
        known.set(a, ofFirst);
      }
      let comparison = ofFirst.get(b);
      if (comparison === undefined) {
        comparison = reading.compare(a, b);
        ofFirst.set(b, comparison);
      }
      return comparison;
    },
  };
}
