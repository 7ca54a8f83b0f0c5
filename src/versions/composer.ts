import { compareDigits } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareRanks, compareSequences } from './_sequences.ts';
import { TextScanner } from './_text-scanner.ts';
import type { Comparison } from './version-order.ts';

/** A number, or a stability by its rank below. */
type Part = string | number;

/** `version_compare()` of PHP, for what Composer's parser leaves; `releaseRank` is where a version ends. */
const stabilities = {
  stable: 4,
  alpha: 1,
  a: 1,
  beta: 2,
  b: 2,
  rc: 3,
  patch: 6,
  pl: 6,
  p: 6,
} as const;
const devRank = 0;
const releaseRank = 4;
const numberRank = 5;
const stabilityNames = Object.keys(stabilities) as (keyof typeof stabilities)[]; // the keys of the table above

/** PHP's integers have 64 bits. */
const digitsMax = 18;
const majorDigitsMax = 5;
const numbersMax = 4;
/** `20100102`, `2010-01-02`, `20100102-203040`; every repetition is bounded. */
const datePattern = /^\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?/;

/**
 * Order of Composer packages: versions as Composer\Semver\VersionParser::normalize() writes them (composer/semver 3),
 * compared by PHP's `version_compare()`. Branches (`dev-main`, `2.x-dev`) are no states of a package that could be older or
 * newer, and so undetermined.
 */
export const composerOrder = parsedOrder({
  parse: parseComposerVersion,
  compare: (left, right) => compareSequences(left, right, compareParts),
});

function parseComposerVersion(text: string): readonly Part[] | undefined {
  const version = withoutMetadata(text.trim());
  const scanner = version === undefined ? undefined : TextScanner.over(version);
  if (scanner === undefined) return undefined;
  scanner.skipOneOf('v');
  const parts =
    scanner.attempt(() => withStability(scanner, readNumbers(scanner))) ??
    scanner.attempt(() => withStability(scanner, readDate(scanner)));
  return parts?.every((part) => typeof part === 'number' || part.length <= digitsMax) ? parts : undefined;
}

/** Undefined where a `+` stands that begins none. */
function withoutMetadata(text: string): string | undefined {
  const plus = text.indexOf('+');
  if (plus < 0) return text;
  return plus === text.length - 1 || /[\s,]/.test(text) ? undefined : text.slice(0, plus);
}

/** One to four numbers, made four. */
function readNumbers(scanner: TextScanner): Part[] | undefined {
  const major = scanner.digits();
  if (major === '' || major.length > majorDigitsMax) return undefined;
  const numbers = [major];
  while (numbers.length < numbersMax) {
    const next = scanner.attempt(() => (scanner.skipOneOf('.') ? scanner.digits() || undefined : undefined));
    if (next === undefined) break;
    numbers.push(next);
  }
  while (numbers.length < numbersMax) numbers.push('0');
  return numbers;
}

function readDate(scanner: TextScanner): Part[] | undefined {
  return scanner.match(datePattern)?.split(/[.:-]/);
}

/** What may follow the numbers: `-beta.2`, `RC1`, `_p1`, and `-dev` at the end; undefined when something else does. */
function withStability(scanner: TextScanner, numbers: Part[] | undefined): readonly Part[] | undefined {
  if (numbers === undefined) return undefined;
  scanner.skipOneOf('._-');
  const stability = scanner.word(stabilityNames);
  const following = stability === undefined ? [] : readStabilityNumbers(scanner);
  const dev = scanner.attempt(() => {
    scanner.skipOneOf('.-');
    return scanner.word(['dev']);
  });
  if (!scanner.isAtEnd) return undefined;
  if (stability === 'stable') return numbers;
  if (stability !== undefined) numbers.push(stabilities[stability], ...following);
  if (dev !== undefined) numbers.push(devRank);
  return numbers;
}

function readStabilityNumbers(scanner: TextScanner): readonly string[] {
  const numbers: string[] = [];
  for (;;) {
    const next = scanner.attempt(() => {
      scanner.skipOneOf('.-');
      return scanner.digits() || undefined;
    });
    if (next === undefined) return numbers;
    numbers.push(next);
  }
}

function compareParts(a: Part | undefined, b: Part | undefined): Comparison {
  if (typeof a === 'string' && typeof b === 'string') return compareDigits(a, b);
  return compareRanks(rankOf(a), rankOf(b));
}

function rankOf(part: Part | undefined): number {
  if (part === undefined) return releaseRank;
  return typeof part === 'number' ? part : numberRank;
}
