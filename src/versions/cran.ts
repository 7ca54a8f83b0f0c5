import { parsedOrder } from './_parsed-order.ts';
import { compareNumberLists } from './_sequences.ts';
import { TextScanner } from './_text-scanner.ts';

/** Above this R has no integers, and such a version compares as NA. */
const numberMax = 2_147_483_647;

/**
 * Order of R packages: at least two numbers, divided by `.` or `-` alike, place by place; `1.2` before `1.2.0`
 * (`utils::compareVersion`; Writing R Extensions 1.1.1, "Version").
 */
export const cranOrder = parsedOrder({
  parse: numbersOf,
  compare: (left, right) => compareNumberLists(left, right),
});

function numbersOf(text: string): readonly string[] | undefined {
  const scanner = TextScanner.over(text);
  if (scanner === undefined) return undefined;
  const numbers: string[] = [];
  do {
    const digits = scanner.digits();
    if (digits === '' || Number(digits) > numberMax) return undefined;
    numbers.push(digits);
  } while (scanner.skipOneOf('.-'));
  return scanner.isAtEnd && numbers.length > 1 ? numbers : undefined;
}
