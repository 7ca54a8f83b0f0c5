import { compareDigits, compareText, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareSequences, isZero } from './_sequences.ts';
import type { Comparison } from './version-order.ts';

/** Longer than any version of a gem. */
const lengthMax = 1000;
const partPattern = /^[0-9A-Za-z]+$/;
const afterHyphenPattern = /^[0-9A-Za-z-]+$/;

/**
 * Order of `Gem::Version` (RubyGems 3 and 4, lib/rubygems/version.rb): runs of digits and runs of letters, place by place;
 * letters are older than any number, and what is missing is 0. A hyphen stands for `.pre.`. The platform of a gem
 * (`1.15.4-x86_64-linux`) is no part of its version.
 */
export const rubygemsOrder = parsedOrder({
  parse: segmentsOf,
  compare: (left, right) => compareSequences(left, right, compareSegments),
});

function segmentsOf(text: string): readonly string[] | undefined {
  const version = text.trim();
  if (version.length > lengthMax || !isGemVersion(version)) return undefined;
  const segments = version.replaceAll('-', '.pre.').match(/[0-9]+|[A-Za-z]+/g) ?? [];
  // Zeros before the first letters and at the end say nothing: 1.0.a is 1.a.
  const firstWord = segments.findIndex((segment) => !isDigitAt(segment, 0));
  if (firstWord < 0) return dropZeros(segments);
  return [...dropZeros(segments.slice(0, firstWord)), ...dropZeros(segments.slice(firstWord))];
}

function isGemVersion(version: string): boolean {
  if (!isDigitAt(version, 0)) return false;
  const hyphen = version.indexOf('-');
  const [first = '', ...parts] = (hyphen < 0 ? version : version.slice(0, hyphen)).split('.');
  const afterHyphen = hyphen < 0 ? [] : version.slice(hyphen + 1).split('.');
  return (
    /^[0-9]+$/.test(first) &&
    parts.every((part) => partPattern.test(part)) &&
    afterHyphen.every((part) => afterHyphenPattern.test(part))
  );
}

function dropZeros(segments: readonly string[]): readonly string[] {
  const last = segments.findLastIndex((segment) => !isDigitAt(segment, 0) || !isZero(segment));
  return segments.slice(0, last + 1);
}

function compareSegments(a = '0', b = '0'): Comparison {
  const isNumber = isDigitAt(a, 0);
  if (isNumber !== isDigitAt(b, 0)) return isNumber ? 'greater' : 'less';
  return isNumber ? compareDigits(a, b) : compareText(a, b);
}
