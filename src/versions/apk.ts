import { compareDigits, compareText, endOfDigits, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import type { Comparison } from './version-order.ts';

/**
 * Parts of an apk version, in the order in which apk ranks a version that goes on against one that does something else:
 * of two equal beginnings the one with the later kind is the older (`1.2.1` > `1.2a` > `1.2_p1` > `1.2-r1` > `1.2`).
 */
const kinds = ['fraction', 'number', 'letter', 'suffix', 'suffix-number', 'hash', 'revision', 'end'] as const;
type Kind = (typeof kinds)[number];

interface Part {
  readonly kind: Kind;
  readonly text: string;
}

/** Suffixes from oldest to newest; those before `afterRelease` make a version older than the same without a suffix. */
const suffixes: readonly string[] = ['alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'];
const afterRelease = 4;

/**
 * Order of apk-tools: `<number>{.<number>}{<letter>[<number>]}{_<suffix>[<number>]}[~<hash>][-r<number>]`.
 *
 * It follows apk-tools 2.x, with the correction of 3.x that `1.0_rc1` is older than `1.0` (2.10 says so of `1.1_rc1` and
 * `1.1` only). Where the generations rank leading zeros differently (`1.02` and `1.010`) the answer is undetermined.
 */
export const apkOrder = parsedOrder({
  isPartial: true,
  parse: parseApkVersion,
  compare: (left, right) => {
    for (const [index, part] of left.entries()) {
      const other = right[index];
      if (other === undefined) break;
      const comparison = part.kind === other.kind ? compareSameKind(part, other) : compareKinds(part, other);
      if (comparison !== 'equal') return comparison;
    }
    return 'equal';
  },
});

function compareKinds(a: Part, b: Part): Comparison {
  if (isPreRelease(a)) return 'less';
  if (isPreRelease(b)) return 'greater';
  return kinds.indexOf(a.kind) > kinds.indexOf(b.kind) ? 'less' : 'greater';
}

function isPreRelease(part: Part): boolean {
  return part.kind === 'suffix' && suffixRank(part.text) < afterRelease;
}

function suffixRank(suffix: string): number {
  return suffixes.indexOf(suffix);
}

function compareSameKind(a: Part, b: Part): Comparison {
  switch (a.kind) {
    case 'fraction':
      return compareFractions(a.text, b.text);
    case 'suffix':
      return compareDigits(String(suffixRank(a.text)), String(suffixRank(b.text)));
    case 'letter':
    case 'hash':
      return compareText(a.text, b.text);
    default:
      return compareDigits(a.text, b.text);
  }
}

/**
 * Numbers after a dot. With a leading zero apk-tools 2 compares the count of zeros (more is older), then the rest as a
 * number; apk-tools 3 compares the text, as Gentoo does.
 */
function compareFractions(a: string, b: string): Comparison {
  if (!a.startsWith('0') && !b.startsWith('0')) return compareDigits(a, b);
  if (!b.startsWith('0')) return 'less';
  if (!a.startsWith('0')) return 'greater';
  const byText = compareText(a, b);
  const zeros = countLeadingZeros(b) - countLeadingZeros(a);
  const byZeros = zeros === 0 ? compareDigits(a, b) : zeros < 0 ? 'less' : 'greater';
  return byText === byZeros ? byText : 'undetermined';
}

function countLeadingZeros(text: string): number {
  let count = 0;
  while (text[count] === '0') count += 1;
  return count;
}

/** The parts, closed by `end`; undefined when the text is not an apk version. */
function parseApkVersion(text: string): readonly Part[] | undefined {
  let at = endOfDigits(text, 0);
  if (at === 0) return undefined;
  const parts: Part[] = [{ kind: 'number', text: text.slice(0, at) }];
  while (at < text.length) {
    const next = readPart(text, at, parts.at(-1)?.kind ?? 'number');
    if (next === undefined) return undefined;
    parts.push(next.part);
    at = next.end;
  }
  parts.push({ kind: 'end', text: '' });
  return parts;
}

interface ReadPart {
  readonly part: Part;
  readonly end: number;
}

function readPart(text: string, at: number, previous: Kind): ReadPart | undefined {
  const character = text.charAt(at);
  if (isDigitAt(text, at)) return readNumberAfter(text, at, previous);
  if (character >= 'a' && character <= 'z') {
    if (previous !== 'number' && previous !== 'fraction') return undefined;
    return { part: { kind: 'letter', text: character }, end: at + 1 };
  }
  switch (character) {
    case '.':
      return readFraction(text, at + 1, previous);
    case '_':
      return readSuffix(text, at + 1, previous);
    case '~':
      return readHash(text, at + 1, previous);
    case '-':
      return readRevision(text, at, previous);
    default:
      return undefined;
  }
}

/** `6.6.2p1`, `1.0_rc1`. */
function readNumberAfter(text: string, at: number, previous: Kind): ReadPart | undefined {
  const end = endOfDigits(text, at);
  if (previous === 'letter') return { part: { kind: 'number', text: text.slice(at, end) }, end };
  if (previous === 'suffix') return { part: { kind: 'suffix-number', text: text.slice(at, end) }, end };
  return undefined;
}

/** The number may be missing before a letter: apk-tools 2 reads `10.2.22.r0`, a slip that real advisories contain. */
function readFraction(text: string, at: number, previous: Kind): ReadPart | undefined {
  if (previous !== 'number' && previous !== 'fraction') return undefined;
  const end = endOfDigits(text, at);
  const next = text.charAt(end);
  if (end === at && !(next >= 'a' && next <= 'z')) return undefined;
  return { part: { kind: 'fraction', text: text.slice(at, end) }, end };
}

function readSuffix(text: string, at: number, previous: Kind): ReadPart | undefined {
  if (previous === 'hash' || previous === 'revision') return undefined;
  const suffix = suffixes.find((known) => text.startsWith(known, at));
  return suffix === undefined
    ? undefined
    : { part: { kind: 'suffix', text: suffix }, end: at + suffix.length };
}

function readHash(text: string, at: number, previous: Kind): ReadPart | undefined {
  if (previous === 'hash' || previous === 'revision') return undefined;
  let end = at;
  while (isDigitAt(text, end) || (text.charAt(end) >= 'a' && text.charAt(end) <= 'f')) end += 1;
  return end === at ? undefined : { part: { kind: 'hash', text: text.slice(at, end) }, end };
}

function readRevision(text: string, at: number, previous: Kind): ReadPart | undefined {
  if (previous === 'revision' || !text.startsWith('-r', at)) return undefined;
  const end = endOfDigits(text, at + 2);
  return end === at + 2 ? undefined : { part: { kind: 'revision', text: text.slice(at + 2, end) }, end };
}
