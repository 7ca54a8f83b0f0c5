import { compareDigits, compareText, endOfDigits, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import type { Comparison } from './version-order.ts';

interface RpmVersion {
  readonly epoch: number;
  readonly version: string;
  /** Undefined when there is none, as in advisories that name upstream's version alone. */
  readonly release: string | undefined;
}

/** Largest epoch that rpm stores: an unsigned integer of 32 bits. */
const epochMax = 4_294_967_295;
/** rpm(8), rpm-version(7): what versions and releases may be made of. */
const partPattern = /^[A-Za-z0-9._+~^]+$/;

/** Order of rpm on `[epoch:]version[-release]`: rpm-version(7), and `rpmvercmp()` of rpm 4.18 (rpmio/rpmvercmp.c). */
export const rpmOrder = parsedOrder({
  parse: parseRpmVersion,
  compare: (left, right) => {
    if (left.epoch !== right.epoch) return left.epoch < right.epoch ? 'less' : 'greater';
    const byVersion = comparePart(left.version, right.version);
    if (byVersion !== 'equal' || left.release === right.release) return byVersion;
    if (left.release === undefined) return 'less';
    return right.release === undefined ? 'greater' : comparePart(left.release, right.release);
  },
});

function parseRpmVersion(text: string): RpmVersion | undefined {
  const colon = text.indexOf(':');
  const epoch = colon === -1 ? 0 : parseEpoch(text.slice(0, colon));
  if (epoch === undefined) return undefined;
  const rest = text.slice(colon + 1);
  const hyphen = rest.indexOf('-');
  const version = hyphen === -1 ? rest : rest.slice(0, hyphen);
  const release = hyphen === -1 ? undefined : rest.slice(hyphen + 1);
  if (!partPattern.test(version) || (release !== undefined && !partPattern.test(release))) return undefined;
  // What begins with neither a digit nor a letter is no version that anything was built as.
  return isSegmentAt(version, 0) ? { epoch, version, release } : undefined;
}

function parseEpoch(text: string): number | undefined {
  if (text === '' || text.length > 10 || endOfDigits(text, 0) !== text.length) return undefined;
  const epoch = Number(text);
  return epoch <= epochMax ? epoch : undefined;
}

/**
 * Runs of digits and runs of letters, one after the other; whatever stands between them only separates. `~` sorts before
 * everything, the end included; `^` after the end, but before everything else.
 */
function comparePart(a: string, b: string): Comparison {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    i = endOfSeparators(a, i);
    j = endOfSeparators(b, j);
    const byRank = compareRanks(rankAt(a, i), rankAt(b, j));
    if (byRank !== 'equal') return byRank;
    if (isSegmentAt(a, i)) {
      const [endA, endB] = [endOfSegment(a, i), endOfSegment(b, j)];
      const compare = isDigitAt(a, i) ? compareDigits : compareText;
      const bySegment = compare(a.slice(i, endA), b.slice(j, endB));
      if (bySegment !== 'equal') return bySegment;
      i = endA;
      j = endB;
    } else {
      i += 1;
      j += 1;
    }
  }
  return 'equal';
}

/** `~`, the end, `^`, letters, digits: in this order where the texts differ in kind. */
function rankAt(text: string, index: number): number {
  if (index >= text.length) return 1;
  if (text[index] === '~') return 0;
  if (text[index] === '^') return 2;
  return isDigitAt(text, index) ? 4 : 3;
}

function compareRanks(left: number, right: number): Comparison {
  if (left === right) return 'equal';
  return left < right ? 'less' : 'greater';
}

function isSegmentAt(text: string, index: number): boolean {
  return isDigitAt(text, index) || isLetterAt(text, index);
}

function isLetterAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index) | 0x20; // lower case
  return code >= 0x61 && code <= 0x7a;
}

function endOfSegment(text: string, start: number): number {
  if (isDigitAt(text, start)) return endOfDigits(text, start);
  let end = start;
  while (isLetterAt(text, end)) end += 1;
  return end;
}

function endOfSeparators(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isSegmentAt(text, end) && text[end] !== '~' && text[end] !== '^') end += 1;
  return end;
}
