import { compareDigits, compareText, isDigitAt } from './_digits.ts';
import { parsedOrder } from './_parsed-order.ts';
import { compareRanks, compareSequences, firstDifference } from './_sequences.ts';
import type { Comparison } from './version-order.ts';

/** A run of digits or of letters. */
interface Run {
  readonly text: string;
  readonly isNumber: boolean;
  /** A separator stands before it. */
  readonly isApart: boolean;
}

interface AlpmVersion {
  readonly epoch: string;
  readonly version: readonly Run[];
  /** Undefined when there is none. */
  readonly release: readonly Run[] | undefined;
}

/**
 * Order of pacman on `[epoch:]version[-release]`: vercmp(8), and `alpm_pkg_vercmp()` of libalpm 13 (lib/libalpm/version.c). That
 * passes over a release that only one of the two has, and orders in a circle what begins or ends with a separator, or has
 * two in a row (`1.1`, `1..a`, `1.`): such are undetermined.
 */
export const alpmOrder = parsedOrder({
  parse: parseAlpmVersion,
  compare: (left, right) =>
    firstDifference(
      () => compareDigits(left.epoch, right.epoch),
      () => compareSequences(left.version, right.version, compareRuns),
      () => compareReleases(left.release, right.release),
    ),
  isPartial: true,
});

const versionPattern = /^(?:(\d*):)?([A-Za-z0-9._+]+)(?:-([A-Za-z0-9._+]+))?$/;

function parseAlpmVersion(text: string): AlpmVersion | undefined {
  const [, epoch = '', version = '', release] = versionPattern.exec(text) ?? [];
  const runs = runsOf(version);
  const ofRelease = release === undefined ? undefined : runsOf(release);
  if (runs === undefined || (release !== undefined && ofRelease === undefined)) return undefined;
  return { epoch, version: runs, release: ofRelease };
}

function runsOf(text: string): readonly Run[] | undefined {
  if (!/^[A-Za-z0-9]/.test(text) || !/[A-Za-z0-9]$/.test(text) || /[._+]{2}/.test(text)) return undefined;
  return [...text.matchAll(/([._+]?)(\d+|[A-Za-z]+)/g)].map(([, separator, run = '']) => ({
    text: run,
    isNumber: isDigitAt(run, 0),
    isApart: separator !== '',
  }));
}

/** Letters that follow at once come before the end, `1.0rc` before `1.0`; everything else comes after it. */
function compareRuns(a: Run | undefined, b: Run | undefined): Comparison {
  const byPlace = compareRanks(placeOf(a), placeOf(b));
  if (byPlace !== 'equal' || a === undefined || b === undefined) return byPlace;
  return a.isNumber ? compareDigits(a.text, b.text) : compareText(a.text, b.text);
}

function placeOf(run: Run | undefined): number {
  if (run === undefined) return 1;
  if (!run.isApart) return run.isNumber ? 2 : 0;
  return run.isNumber ? 4 : 3;
}

function compareReleases(left: AlpmVersion['release'], right: AlpmVersion['release']): Comparison {
  if (left === undefined || right === undefined) return left === right ? 'equal' : 'undetermined';
  return compareSequences(left, right, compareRuns);
}
