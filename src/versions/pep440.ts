import { compareDigits } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareNumberLists, compareRanks, firstDifference, withoutTrailingZeros } from './_sequences.ts';
import { TextScanner } from './_text-scanner.ts';

interface PythonVersion {
  readonly epoch: string;
  /** Without zeros at the end. */
  readonly release: readonly string[];
  /** 0 for a development release of the version itself, 1 to 3 for a, b and rc, 4 for none. */
  readonly stage: number;
  readonly stageNumber: string;
  readonly post: string | undefined;
  readonly dev: string | undefined;
}

const separators = '-_.';
const stages = { alpha: 1, a: 1, beta: 2, b: 2, preview: 3, pre: 3, rc: 3, c: 3 } as const;
const stageNames = Object.keys(stages) as (keyof typeof stages)[]; // the keys of the table above
const noStage = 4;

/**
 * Order of Python packages: the version specifiers of PyPA
 * (https://packaging.python.org/en/latest/specifications/version-specifiers/, once PEP 440), as `packaging` reads them.
 *
 * The label of a local build (`2.6.0+cu124`) is read past: by the specification it is ignored where a version without one
 * is asked for, and advisories speak of what was published.
 */
export const pep440Order = parsedOrder({
  parse: parsePythonVersion,
  compare: (left, right) => {
    return firstDifference(
      () => compareDigits(left.epoch, right.epoch),
      () => compareNumberLists(left.release, right.release),
      () => compareRanks(left.stage, right.stage),
      () => compareDigits(left.stageNumber, right.stageNumber),
      () => compareRanks(Number(left.post !== undefined), Number(right.post !== undefined)),
      () => compareDigits(left.post ?? '', right.post ?? ''),
      () => compareRanks(Number(left.dev === undefined), Number(right.dev === undefined)),
      () => compareDigits(left.dev ?? '', right.dev ?? ''),
    );
  },
});

function parsePythonVersion(text: string): PythonVersion | undefined {
  const scanner = TextScanner.over(text.trim());
  if (scanner === undefined) return undefined;
  scanner.skipOneOf('v');
  const epoch = scanner.attempt(() => {
    const digits = scanner.digits();
    return digits !== '' && scanner.skipOneOf('!') ? digits : undefined;
  });
  const release = readRelease(scanner);
  if (release === undefined) return undefined;
  const stage = readMarked(scanner, stageNames);
  const post = readImplicitPost(scanner) ?? readMarked(scanner, ['post', 'rev', 'r'])?.number;
  const dev = readMarked(scanner, ['dev'])?.number;
  if (!isLocalLabel(scanner.rest())) return undefined;
  const isOnlyDev = stage === undefined && post === undefined && dev !== undefined;
  return {
    epoch: epoch ?? '0',
    release,
    stage: isOnlyDev ? 0 : stage === undefined ? noStage : stages[stage.marker],
    stageNumber: stage?.number ?? '',
    post,
    dev,
  };
}

function readRelease(scanner: TextScanner): readonly string[] | undefined {
  const numbers: string[] = [];
  let next: string | undefined = scanner.digits();
  while (next !== undefined && next !== '') {
    numbers.push(next);
    next = scanner.attempt(() => (scanner.skipOneOf('.') ? scanner.digits() || undefined : undefined));
  }
  return numbers.length === 0 ? undefined : withoutTrailingZeros(numbers);
}

interface Marked<T> {
  readonly marker: T;
  /** Empty for none, which counts as 0. */
  readonly number: string;
}

/** `rc1`, `.rc-1`, `_rc`: a marker with at most one separator on either side. */
function readMarked<T extends string>(scanner: TextScanner, markers: readonly T[]): Marked<T> | undefined {
  return scanner.attempt(() => {
    scanner.skipOneOf(separators);
    const marker = scanner.word(markers);
    if (marker === undefined) return undefined;
    scanner.skipOneOf(separators);
    return { marker, number: scanner.digits() };
  });
}

/** `1.0-1` is `1.0.post1`. */
function readImplicitPost(scanner: TextScanner): string | undefined {
  return scanner.attempt(() => (scanner.skipOneOf('-') ? scanner.digits() || undefined : undefined));
}

/** `+ubuntu.1`; nothing at all is fine too. */
function isLocalLabel(rest: string): boolean {
  if (rest === '') return true;
  return (
    rest.startsWith('+') &&
    rest
      .slice(1)
      .split(/[-_.]/)
      .every((part) => /^[a-z0-9]+$/.test(part))
  );
}
