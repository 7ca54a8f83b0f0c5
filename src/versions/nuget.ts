import { compareIdentifiers, isNumeric } from './_identifiers.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareNumberLists, compareRanks, compareSequences, firstDifference } from './_sequences.ts';
import { TextScanner } from './_text-scanner.ts';

interface NugetVersion {
  /** Always four. */
  readonly numbers: readonly string[];
  /** Empty for a release. */
  readonly labels: readonly string[];
}

/** Parts are integers of 32 bits. */
const numberMax = 2_147_483_647;
const partsMax = 4;

/**
 * Order of NuGet packages: Semantic Versioning 2.0.0 with a fourth number, missing ones being 0, and labels compared without
 * regard to case (https://learn.microsoft.com/nuget/concepts/package-versioning; NuGet.Versioning, VersionComparer). Build
 * metadata is ignored.
 */
export const nugetOrder = parsedOrder({
  parse: parseNugetVersion,
  compare: (left, right) => {
    return firstDifference(
      () => compareNumberLists(left.numbers, right.numbers),
      () => compareRanks(Number(left.labels.length === 0), Number(right.labels.length === 0)),
      () => compareSequences(left.labels, right.labels, compareIdentifiers),
    );
  },
});

function parseNugetVersion(text: string): NugetVersion | undefined {
  const scanner = TextScanner.over(text.trim());
  if (scanner === undefined) return undefined;
  const numbers: string[] = [];
  do {
    const digits = scanner.digits();
    if (digits === '' || Number(digits) > numberMax || numbers.length === partsMax) return undefined;
    numbers.push(digits);
  } while (scanner.skipOneOf('.'));
  const isLabelled = scanner.skipOneOf('-');
  const rest = scanner.rest();
  const plus = rest.indexOf('+');
  const labelled = plus < 0 ? rest : rest.slice(0, plus);
  const labels = isLabelled ? labelled.split('.') : [];
  const metadata = plus < 0 ? [] : rest.slice(plus + 1).split('.');
  if (!isLabelled && labelled !== '') return undefined;
  if (!labels.every(isLabel) || !metadata.every((part) => /^[0-9a-z-]+$/.test(part))) return undefined;
  while (numbers.length < partsMax) numbers.push('0');
  return { numbers, labels };
}

/**
 * The rule has no number beyond the largest integer, and no negative ones, but the library reads the first as text and the
 * second as numbers: we cannot tell of either.
 */
function isLabel(label: string): boolean {
  if (!/^[0-9a-z-]+$/.test(label) || /^-[0-9]+$/.test(label)) return false;
  return !isNumeric(label) || label === '0' || (!label.startsWith('0') && Number(label) <= numberMax);
}
