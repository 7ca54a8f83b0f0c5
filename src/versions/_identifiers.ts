import { compareDigits, compareText, endOfDigits } from './_digits.ts';
import type { Comparison } from './version-order.ts';

/** Whether it is digits throughout, and at least one. */
export function isNumeric(text: string): boolean {
  return text !== '' && endOfDigits(text, 0) === text.length;
}

/**
 * Semantic Versioning 2.0.0 §11.4, one identifier: numbers are older than words, and of two equal beginnings the shorter
 * list is the older; undefined stands where one of them has ended.
 */
export function compareIdentifiers(a: string | undefined, b: string | undefined): Comparison {
  if (a === undefined) return 'less';
  if (b === undefined) return 'greater';
  const isNumber = isNumeric(a);
  if (isNumber !== isNumeric(b)) return isNumber ? 'less' : 'greater';
  return isNumber ? compareDigits(a, b) : compareText(a, b);
}
