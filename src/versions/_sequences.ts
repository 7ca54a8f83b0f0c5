import { compareDigits } from './_digits.ts';
import type { Comparison } from './version-order.ts';

/** The first comparison that is not `equal`. Each is made only when those before it are. */
export function firstDifference(...comparisons: readonly (() => Comparison)[]): Comparison {
  for (const compare of comparisons) {
    const comparison = compare();
    if (comparison !== 'equal') return comparison;
  }
  return 'equal';
}

export function compareRanks(left: number, right: number): Comparison {
  if (left === right) return 'equal';
  return left < right ? 'less' : 'greater';
}

/** Place by place; undefined stands where one of them has ended. */
export function compareSequences<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T | undefined, b: T | undefined) => Comparison,
): Comparison {
  const length = Math.max(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const comparison = compare(left[index], right[index]);
    if (comparison !== 'equal') return comparison;
  }
  return 'equal';
}

/** Numbers as strings of digits; of two equal beginnings the shorter one is the older (`1.2` before `1.2.0`). */
export function compareNumberLists(left: readonly string[], right: readonly string[]): Comparison {
  return compareSequences(left, right, (a, b) => {
    if (a === undefined) return 'less';
    return b === undefined ? 'greater' : compareDigits(a, b);
  });
}

/** Without the zeros at the end: `1.0` is `1`. */
export function withoutTrailingZeros(numbers: readonly string[]): readonly string[] {
  return numbers.slice(0, numbers.findLastIndex((number) => !isZero(number)) + 1);
}

export function isZero(digits: string): boolean {
  return compareDigits(digits, '0') === 'equal';
}
