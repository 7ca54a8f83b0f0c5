import { compareDigits, compareText } from './_digits.ts';
import type { Comparison, VersionOrder } from './version-order.ts';

interface SemanticVersion {
  /** Major, minor, patch. */
  readonly numbers: readonly string[];
  readonly preRelease: readonly string[];
}

const numeric = /^(?:0|[1-9][0-9]*)$/;
const identifier = /^[0-9A-Za-z-]+$/;
/** npm's own parser refuses longer ones; no real version comes near. */
const lengthMax = 256;

/**
 * Order of Semantic Versioning 2.0.0, §11, as npm advisories use it. A leading `v` is read past, as npm does for
 * old packages; build metadata is ignored (§10). Everything else that is not strict is undetermined.
 */
export const semverOrder: VersionOrder = {
  compare(a, b) {
    const left = parseSemanticVersion(a);
    const right = parseSemanticVersion(b);
    if (left === undefined || right === undefined) return 'undetermined';
    const byNumbers = firstDifference(left.numbers, right.numbers, compareDigits);
    return byNumbers === 'equal' ? comparePreReleases(left.preRelease, right.preRelease) : byNumbers;
  },
};

function parseSemanticVersion(text: string): SemanticVersion | undefined {
  if (text.length > lengthMax) return undefined;
  const bare = text.trim().replace(/^v/, '');
  const [beforeBuild = '', ...build] = splitOnce(bare, '+');
  const [core = '', ...preRelease] = splitOnce(beforeBuild, '-');
  const numbers = core.split('.');
  if (numbers.length !== 3 || !numbers.every((number) => numeric.test(number))) return undefined;
  const identifiers = preRelease.flatMap((part) => part.split('.'));
  if (!identifiers.every(isPreReleaseIdentifier)) return undefined;
  if (!build.flatMap((part) => part.split('.')).every((part) => identifier.test(part))) return undefined;
  return { numbers, preRelease: identifiers };
}

/** §9: numeric identifiers must not have leading zeros. */
function isPreReleaseIdentifier(part: string): boolean {
  return identifier.test(part) && (numeric.test(part) || !/^[0-9]+$/.test(part));
}

/** §11.3 and §11.4: a pre-release comes before its release; fewer identifiers before more. */
function comparePreReleases(a: readonly string[], b: readonly string[]): Comparison {
  if (a.length === 0 || b.length === 0) {
    if (a.length === b.length) return 'equal';
    return a.length === 0 ? 'greater' : 'less';
  }
  const byIdentifiers = firstDifference(a, b, compareIdentifiers);
  if (byIdentifiers !== 'equal' || a.length === b.length) return byIdentifiers;
  return a.length < b.length ? 'less' : 'greater';
}

/** §11.4.1–3: numbers as numbers, text by ASCII, numbers before text. */
function compareIdentifiers(a: string, b: string): Comparison {
  const aIsNumeric = numeric.test(a);
  const bIsNumeric = numeric.test(b);
  if (aIsNumeric && bIsNumeric) return compareDigits(a, b);
  if (aIsNumeric !== bIsNumeric) return aIsNumeric ? 'less' : 'greater';
  return compareText(a, b);
}

function firstDifference(
  a: readonly string[],
  b: readonly string[],
  compare: (left: string, right: string) => Comparison,
): Comparison {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 'equal';
    const comparison = compare(left, right);
    if (comparison !== 'equal') return comparison;
  }
  return 'equal';
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
