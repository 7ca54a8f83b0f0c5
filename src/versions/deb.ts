import { compareDigits, endOfDigits, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import type { Comparison } from './version-order.ts';

interface DebVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/** Largest epoch that dpkg reads: INT_MAX. */
const epochMax = 2_147_483_647;
const upstreamPattern = /^[A-Za-z0-9.+~:-]+$/;
const revisionPattern = /^[A-Za-z0-9.+~]+$/;

/** Order of dpkg: Debian Policy 5.6.12 and deb-version(7). */
export const debOrder = parsedOrder({
  parse: parseDebVersion,
  compare: (left, right) => {
    if (left.epoch !== right.epoch) return left.epoch < right.epoch ? 'less' : 'greater';
    const byUpstream = comparePart(left.upstream, right.upstream);
    return byUpstream === 'equal' ? comparePart(left.revision, right.revision) : byUpstream;
  },
});

/** Policy says that the upstream version "should" begin with a digit: dpkg warns but compares, and so do we. */
function parseDebVersion(text: string): DebVersion | undefined {
  const colon = text.indexOf(':');
  const epoch = colon === -1 ? 0 : parseEpoch(text.slice(0, colon));
  if (epoch === undefined) return undefined;
  const rest = text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen === -1 ? rest : rest.slice(0, hyphen);
  const revision = hyphen === -1 ? undefined : rest.slice(hyphen + 1);
  if (!upstreamPattern.test(upstream)) return undefined;
  if (revision !== undefined && !revisionPattern.test(revision)) return undefined;
  return { epoch, upstream, revision: revision ?? '' };
}

function parseEpoch(text: string): number | undefined {
  if (text === '' || endOfDigits(text, 0) !== text.length) return undefined;
  const epoch = Number(text);
  return epoch <= epochMax ? epoch : undefined;
}

/** Policy 5.6.12: alternately a run of non-digits by `rankAt()` and a run of digits as a number. */
function comparePart(a: string, b: string): Comparison {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigitAt(a, i)) || (j < b.length && !isDigitAt(b, j))) {
      const left = rankAt(a, i);
      const right = rankAt(b, j);
      if (left !== right) return left < right ? 'less' : 'greater';
      i += 1;
      j += 1;
    }
    const endA = endOfDigits(a, i);
    const endB = endOfDigits(b, j);
    const byNumber = compareDigits(a.slice(i, endA), b.slice(j, endB));
    if (byNumber !== 'equal') return byNumber;
    i = endA;
    j = endB;
  }
  return 'equal';
}

/** `~` before the end of the part, the end (or a digit) before letters, letters before everything else. */
function rankAt(text: string, index: number): number {
  if (index >= text.length || isDigitAt(text, index)) return 0;
  const code = text.charCodeAt(index);
  if (text[index] === '~') return -1;
  return /[A-Za-z]/.test(text.charAt(index)) ? code : code + 256;
}
