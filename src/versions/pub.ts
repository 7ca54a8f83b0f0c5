import { compareIdentifiers, isNumeric } from './_identifiers.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareNumberLists, compareRanks, compareSequences, firstDifference } from './_sequences.ts';

interface PubVersion {
  /** Always three. */
  readonly numbers: readonly string[];
  readonly preRelease: readonly string[];
  readonly build: readonly string[];
}

const lengthMax = 1000;
/** Dart's integers have 64 bits; longer ones are refused. */
const digitsMax = 18;

/**
 * Order of Dart packages (pub_semver 2, Version.compareTo): Semantic Versioning in which, unlike elsewhere, the build counts too:
 * `1.0.0` before `1.0.0+1` before `1.0.0+2`.
 */
export const pubOrder = parsedOrder({
  parse: parsePubVersion,
  compare: (left, right) => {
    return firstDifference(
      () => compareNumberLists(left.numbers, right.numbers),
      () => compareRanks(Number(left.preRelease.length === 0), Number(right.preRelease.length === 0)),
      () => compareSequences(left.preRelease, right.preRelease, compareIdentifiers),
      () => compareSequences(left.build, right.build, compareIdentifiers),
    );
  },
});

function parsePubVersion(text: string): PubVersion | undefined {
  if (text.length > lengthMax) return undefined;
  const plus = text.indexOf('+');
  const version = plus < 0 ? text : text.slice(0, plus);
  const hyphen = version.indexOf('-');
  const numbers = (hyphen < 0 ? version : version.slice(0, hyphen)).split('.');
  const preRelease = hyphen < 0 ? [] : version.slice(hyphen + 1).split('.');
  const build = plus < 0 ? [] : text.slice(plus + 1).split('.');
  if (numbers.length !== 3 || !numbers.every(isNumber)) return undefined;
  return [...preRelease, ...build].every(isIdentifier) ? { numbers, preRelease, build } : undefined;
}

function isNumber(text: string): boolean {
  return isNumeric(text) && text.length <= digitsMax;
}

/** What Dart takes for a number, but Semantic Versioning for a word, cannot be told: `-1`, `0x1f`. */
function isIdentifier(text: string): boolean {
  if (!/^[0-9A-Za-z-]+$/.test(text) || /^-?(?:[0-9]+|0x[0-9a-f]+)$/i.test(text)) return isNumber(text);
  return true;
}
