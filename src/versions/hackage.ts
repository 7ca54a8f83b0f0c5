import { parsedOrder } from './_parsed-order.ts';
import { compareNumberLists } from './_sequences.ts';
import { TextScanner } from './_text-scanner.ts';

/** Cabal refuses longer ones (Distribution.Types.Version, `versionDigitParser`). */
const digitsMax = 9;

/** Order of Haskell packages: numbers place by place, `1.2` before `1.2.0` (Haskell PVP; `Ord Version` of Cabal). */
export const hackageOrder = parsedOrder({
  parse: numbersOf,
  compare: (left, right) => compareNumberLists(left, right),
});

function numbersOf(text: string): readonly string[] | undefined {
  const scanner = TextScanner.over(text);
  if (scanner === undefined) return undefined;
  const numbers: string[] = [];
  do {
    const digits = scanner.digits();
    const isNumber = digits === '0' || (digits !== '' && !digits.startsWith('0'));
    if (!isNumber || digits.length > digitsMax) return undefined;
    numbers.push(digits);
  } while (scanner.skipOneOf('.'));
  return scanner.isAtEnd ? numbers : undefined;
}
