import type { Comparison } from './version-order.ts';

const zero = 48;
const nine = 57;

/** Whether the character at `index` is an ASCII digit; false beyond the end. */
export function isDigitAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index); // NaN beyond the end
  return code >= zero && code <= nine;
}

/** First index at or after `start` that is not an ASCII digit. */
export function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigitAt(text, end)) end += 1;
  return end;
}

/** Compares strings of digits as numbers of any size (version parts may be time stamps of 14 digits); empty counts as 0. */
export function compareDigits(a: string, b: string): Comparison {
  const left = withoutLeadingZeros(a);
  const right = withoutLeadingZeros(b);
  if (left.length !== right.length) return left.length < right.length ? 'less' : 'greater';
  return compareText(left, right);
}

/** Compares by UTF-16 code units, which for ASCII is byte order. */
export function compareText(a: string, b: string): Comparison {
  if (a === b) return 'equal';
  return a < b ? 'less' : 'greater';
}

function withoutLeadingZeros(digits: string): string {
  let start = 0;
  while (digits.charCodeAt(start) === zero) start += 1;
  return digits.slice(start);
}
