import { compareDigits, compareText } from './_digits.ts';
import { isNumeric } from './_identifiers.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareRanks, compareSequences, firstDifference, isZero } from './_sequences.ts';
import type { Comparison } from './version-order.ts';

interface ConanVersion {
  /** All without the zeros at the end; undefined where there is none. */
  readonly items: readonly string[];
  readonly preRelease: readonly string[] | undefined;
  readonly build: readonly string[] | undefined;
}

const lengthMax = 1000;

/**
 * Order of Conan packages (Conan 2, `Version`): parts between dots, the numbers among them as such; then what stands behind a
 * hyphen, which makes a version older, and behind the last `+`, which makes it newer. Conan compares a number with a word
 * as text, which is no order (`10` before `2a` before `9`): then the answer is undetermined.
 */
export const conanOrder = parsedOrder({
  isPartial: true,
  parse: parseConanVersion,
  compare: (left, right) => {
    return firstDifference(
      () => compareSequences(left.items, right.items, compareItems),
      () => compareRanks(Number(left.preRelease === undefined), Number(right.preRelease === undefined)),
      () => compareSequences(left.preRelease ?? [], right.preRelease ?? [], compareItems),
      () => compareRanks(Number(left.build !== undefined), Number(right.build !== undefined)),
      () => compareSequences(left.build ?? [], right.build ?? [], compareItems),
    );
  },
});

function parseConanVersion(text: string): ConanVersion | undefined {
  if (text.length > lengthMax || !/^[A-Za-z0-9_.+-]+$/.test(text)) return undefined;
  const plus = text.lastIndexOf('+');
  const version = plus < 0 ? text : text.slice(0, plus);
  const hyphen = version.indexOf('-');
  const parts = {
    items: itemsOf(hyphen < 0 ? version : version.slice(0, hyphen)),
    preRelease: hyphen < 0 ? [] : itemsOf(version.slice(hyphen + 1)),
    build: plus < 0 ? [] : itemsOf(text.slice(plus + 1)),
  };
  if (parts.items === undefined || parts.preRelease === undefined || parts.build === undefined)
    return undefined;
  return {
    items: parts.items,
    preRelease: hyphen < 0 ? undefined : parts.preRelease,
    build: plus < 0 ? undefined : parts.build,
  };
}

/** What Python reads as a number and we do not (`1_0`, `+1`, `-1`) cannot be told. */
function itemsOf(text: string): readonly string[] | undefined {
  const items = text.split('.');
  if (items.some((item) => /^[+-]?\d+(?:_\d+)*$/.test(item) && !isNumeric(item))) return undefined;
  return items.slice(0, items.findLastIndex((item) => !(isNumeric(item) && isZero(item))) + 1);
}

function compareItems(a: string | undefined, b: string | undefined): Comparison {
  if (a === undefined) return 'less';
  if (b === undefined) return 'greater';
  const isNumber = isNumeric(a);
  if (isNumber !== isNumeric(b)) return 'undetermined';
  return isNumber ? compareDigits(a, b) : compareText(a, b);
}
