import { compareDigits, compareText, endOfDigits, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareRanks, isZero } from './_sequences.ts';
import type { Comparison } from './version-order.ts';

/** Digits, or letters in lower case; empty for a word that means a release (`final`). */
type Item = string;

/** What stands at a place: an item, the next group with all that is in it, or nothing any more. */
type Place =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'group'; readonly groups: Groups; readonly depth: number }
  | { readonly kind: 'nothing' };

const nothing: Place = { kind: 'nothing' };

/** Qualifiers from oldest to newest; the empty one is the release itself. Others come after all of these, by their text. */
const qualifiers: readonly string[] = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const releaseRank = qualifiers.indexOf('');
const aliases: ReadonlyMap<string, string> = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
/** Only before a digit: `1.0a1`. */
const shortQualifiers: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

const lengthMax = 1000;
/** What versions of the repositories are made of; a placeholder (`${revision}`) is none. */
const versionPattern = /^[A-Za-z0-9._+~-]+$/;

/**
 * Order of `ComparableVersion` of Maven 3.9 (org.apache.maven.artifact.versioning), which OSV prescribes: items divided by
 * dots and by the change between digits and letters; a hyphen, and either change, begins a group within the group.
 *
 * That order is not transitive: `1.sp.1` < `1-alpha` < `1` < `1.sp.1`, because nothing is compared in another way than
 * items with one another. Where a total order of the same items (`rankOfPlace()`) disagrees with it, the answer is
 * undetermined. So is that of a text without a digit (`unspecified`, `LATEST`), which is a name and no version.
 */
export const mavenOrder = parsedOrder({
  isPartial: true,
  parse: parseMavenVersion,
  compare: (left, right) => {
    const answer = compareGroups(left, right, compareAsMaven);
    return answer === compareGroups(left, right, compareTotally) ? answer : 'undetermined';
  },
});

/** Groups from the outermost to the innermost; each is the last thing in the one before it. */
type Groups = readonly (readonly Item[])[];

function parseMavenVersion(text: string): Groups | undefined {
  if (text.length > lengthMax || !versionPattern.test(text) || !/[0-9]/.test(text)) return undefined;
  const groups: Item[][] = [[]];
  const version = text.toLowerCase();
  let at = 0;
  while (at < version.length) {
    const end = endOfItem(version, at);
    const isNumber = isDigitAt(version, at);
    const isBeforeDigit = !isNumber && isDigitAt(version, end);
    const isLast = end === version.length;
    // `1.0.X` and `1.0.X1` are read as `1.0-X` and `1.0-X1`.
    if (!isNumber && end > at && (isBeforeDigit || isLast) && !isEmpty(groups)) groups.push([]);
    groups.at(-1)?.push(itemOf(version.slice(at, end), isBeforeDigit));
    const isDivided = version[end] === '.' || version[end] === '-';
    if (!isLast && version[end] !== '.') groups.push([]);
    at = isDivided ? end + 1 : end;
  }
  return normalise(groups);
}

function isEmpty(groups: Groups): boolean {
  return groups.at(-1)?.length === 0;
}

function endOfItem(text: string, start: number): number {
  if (isDigitAt(text, start)) return endOfDigits(text, start);
  let end = start;
  while (end < text.length && !isDigitAt(text, end) && text[end] !== '.' && text[end] !== '-') end += 1;
  return end;
}

/** Where nothing stands between two dots, 0 does. */
function itemOf(text: string, isBeforeDigit: boolean): Item {
  if (text === '') return '0';
  const word = (isBeforeDigit ? shortQualifiers.get(text) : undefined) ?? text;
  return aliases.get(word) ?? word;
}

/** Without what says nothing at the end of each group, and without groups that are then empty at the end of all. */
function normalise(groups: Groups): Groups {
  const trimmed = groups.map((items) => items.slice(0, items.findLastIndex((item) => !isNothing(item)) + 1));
  return trimmed.slice(0, trimmed.findLastIndex((items) => items.length > 0) + 1);
}

function isNothing(item: Item): boolean {
  return item === '' || (isDigitAt(item, 0) && isZero(item));
}

type ComparePlaces = (a: Place, b: Place) => Comparison;

function compareGroups(left: Groups, right: Groups, compare: ComparePlaces): Comparison {
  for (let depth = 0; depth < Math.max(left.length, right.length); depth += 1) {
    const length = Math.max(left[depth]?.length ?? 0, right[depth]?.length ?? 0);
    for (let index = 0; index <= length; index += 1) {
      const [a, b] = [placeAt(left, depth, index), placeAt(right, depth, index)];
      if (a.kind === 'group' && b.kind === 'group') break;
      const comparison = compare(a, b);
      if (comparison !== 'equal') return comparison;
    }
  }
  return 'equal';
}

function placeAt(groups: Groups, depth: number, index: number): Place {
  const items = groups[depth] ?? [];
  const item = items[index];
  if (item !== undefined) return { kind: 'item', item };
  const isGroup = index === items.length && depth + 1 < groups.length;
  return isGroup ? { kind: 'group', groups, depth: depth + 1 } : nothing;
}

/** Everything in a group, groups within it included. */
function itemsOf({ groups, depth }: Extract<Place, { kind: 'group' }>): readonly Item[] {
  return groups.slice(depth).flat();
}

/** As Maven has it: numbers over groups over words; against nothing, item by item. */
function compareAsMaven(a: Place, b: Place): Comparison {
  if (a.kind === 'nothing') return opposite[compareToNothing(b)];
  if (b.kind === 'nothing') return compareToNothing(a);
  const byKind = compareRanks(kindRank(a), kindRank(b));
  return byKind === 'equal' && a.kind === 'item' && b.kind === 'item' ? compareLike(a.item, b.item) : byKind;
}

function compareToNothing(place: Place): Comparison {
  switch (place.kind) {
    case 'nothing':
      return 'equal';
    case 'group': {
      const items = itemsOf(place).map((item) => compareToNothing({ kind: 'item', item }));
      return items.find((comparison) => comparison !== 'equal') ?? 'equal';
    }
    case 'item':
      if (!isDigitAt(place.item, 0)) return compareRanks(rankOfWord(place.item), releaseRank);
      return isZero(place.item) ? 'equal' : 'greater';
  }
}

function kindRank(place: Place): number {
  if (place.kind === 'item') return isDigitAt(place.item, 0) ? 2 : 0;
  return 1;
}

/** Two numbers, or two words. */
function compareLike(a: Item, b: Item): Comparison {
  if (isDigitAt(a, 0)) return compareDigits(a, b);
  const byRank = compareRanks(rankOfWord(a), rankOfWord(b));
  return byRank === 'equal' ? compareText(a, b) : byRank;
}

function rankOfWord(word: Item): number {
  const rank = qualifiers.indexOf(word);
  return rank < 0 ? qualifiers.length : rank;
}

/** The nearest order to Maven's that is total, nothing included: by rank, then what is alike by itself. */
function compareTotally(a: Place, b: Place): Comparison {
  const byRank = compareRanks(rankOfPlace(a), rankOfPlace(b));
  return byRank === 'equal' && a.kind === 'item' && b.kind === 'item' ? compareLike(a.item, b.item) : byRank;
}

/** Words and groups that make a version older, nothing, words and groups that make it newer, numbers. */
function rankOfPlace(place: Place): number {
  switch (place.kind) {
    case 'nothing':
      return 2;
    case 'group': {
      const first = itemsOf(place).find((item) => item !== '') ?? '';
      return rankOfPlace({ kind: 'item', item: first }) < 2 ? 1 : 4;
    }
    case 'item': {
      if (isDigitAt(place.item, 0)) return 5;
      const rank = rankOfWord(place.item);
      if (rank === releaseRank) return 2;
      return rank < releaseRank ? 0 : 3;
    }
  }
}

const opposite: Readonly<Record<Comparison, Comparison>> = {
  less: 'greater',
  equal: 'equal',
  greater: 'less',
  undetermined: 'undetermined',
};
