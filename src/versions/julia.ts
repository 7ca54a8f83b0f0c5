import { pubOrder } from './pub.ts';
import type { VersionOrder } from './version-order.ts';

/**
 * Order of Julia's `VersionNumber` (Base, version.jl): that of Dart's packages, in which the build counts, as it must for
 * libraries that are packed anew (`2.9.12+1`). A leading `v` is read past, and numbers that are missing are 0.
 */
export const juliaOrder = orderOver(pubOrder);

function orderOver(order: VersionOrder): VersionOrder {
  return {
    compare: (a, b) => order.compare(writeOut(a), writeOut(b)),
    remembering: () => orderOver(order.remembering?.() ?? order),
  };
}

function writeOut(text: string): string {
  const [, numbers, rest = ''] = /^v?(\d+(?:\.\d+){0,2})((?:[-+].*)?)$/s.exec(text) ?? [];
  if (numbers === undefined) return '';
  return `${numbers}${'.0'.repeat(3 - numbers.split('.').length)}${rest}`;
}
