import type { Severity } from './severity.ts';

type Counts = Readonly<Partial<Record<Severity, number>>>;

interface Limits {
  readonly countMax: number;
  /** Characters of all paths together. */
  readonly pathsLengthMax: number;
}

/** What a report keeps of one kind of findings in files. */
export const findingLimits: Limits = { countMax: 10_000, pathsLengthMax: 2 * 1024 * 1024 };
/** What the facts keep, which are in memory for every pull to be judged by. */
export const factLimits: Limits = { countMax: 500, pathsLengthMax: 64 * 1024 };

/** As many as there is room for, in their order, and the counts of the others. */
export function keepWithin<
  Item extends { readonly path: string; readonly severity: Severity; readonly count?: number },
>(items: readonly Item[], limits: Limits): { readonly kept: readonly Item[]; readonly omitted: Counts } {
  let pathsLength = 0;
  let end = 0;
  for (const { path } of items) {
    pathsLength += path.length;
    if (end >= limits.countMax || pathsLength > limits.pathsLengthMax) break;
    end += 1;
  }
  const omitted: Partial<Record<Severity, number>> = {};
  for (const { severity, count = 1 } of items.slice(end)) {
    omitted[severity] = (omitted[severity] ?? 0) + count;
  }
  return { kept: items.slice(0, end), omitted };
}

/** The sum of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  const sum: Partial<Record<Severity, number>> = { ...a };
  for (const [severity, count] of Object.entries(b)) {
    const key = severity as Severity; // a key of `Counts`
    sum[key] = (sum[key] ?? 0) + count;
  }
  return sum;
}

/** Of each severity the larger count. */
export function largerCounts(a: Counts, b: Counts): Counts {
  const larger: Partial<Record<Severity, number>> = { ...a };
  for (const [severity, count] of Object.entries(b)) {
    const key = severity as Severity; // a key of `Counts`
    larger[key] = Math.max(larger[key] ?? 0, count);
  }
  return larger;
}

/** PostgreSQL refuses NUL and lone surrogates in JSON. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}');
}
