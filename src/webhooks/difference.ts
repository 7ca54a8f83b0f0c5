import type { Severity } from '../report/severity.ts';
import type { FindingChangeKind, MessageFinding } from './message.ts';

/** How many findings of one sort changed in one way: exact, however many are listed. */
export interface DifferenceTally {
  readonly change: FindingChangeKind;
  readonly severity: Severity;
  readonly fixable: boolean;
  readonly knownExploited: boolean;
  readonly count: number;
}

/** The details of an event `findings.changed`: what is otherwise than before in the images of a namespace. */
export interface Difference {
  /** New advisories; a scan of an image that was scanned before; the first scan of a pushed image. */
  readonly cause: 'advisories' | 'scan' | 'push';
  /** The image that a pushed one is compared with: the one pushed to its repository before. Absent: there was none. */
  readonly comparedWith?: string;
  readonly tally: readonly DifferenceTally[];
  /** The worst. */
  readonly findings: readonly (MessageFinding & { readonly change: FindingChangeKind })[];
  /** The first of `imageCount`, as `<namespace>/<repository>:<tag>` or `@<digest>`. */
  readonly images: readonly string[];
  readonly imageCount: number;
}

const changeRanks: Readonly<Record<FindingChangeKind, number>> = {
  added: 0,
  'known-exploited': 1,
  'severity-changed': 2,
  'became-fixable': 3,
  removed: 4,
};
const severityOrder: readonly Severity[] = ['critical', 'high', 'unknown', 'medium', 'low', 'negligible'];

/** Counts all and lists the worst; the order is: still there, exploited, severity, fixable, id. */
export function differenceOf(
  found: readonly (MessageFinding & { readonly change: FindingChangeKind })[],
  rest: Pick<Difference, 'cause' | 'comparedWith' | 'images' | 'imageCount'>,
  listedMax: number,
): Difference {
  const tally = new Map<string, DifferenceTally>();
  for (const { change, severity, fixedVersion, knownExploited } of found) {
    const fixable = fixedVersion !== undefined;
    const key = JSON.stringify([change, severity, fixable, knownExploited]);
    const count = (tally.get(key)?.count ?? 0) + 1;
    tally.set(key, { change, severity, fixable, knownExploited, count });
  }
  const keyOf = (one: MessageFinding & { readonly change: FindingChangeKind }) => [
    one.change === 'removed' ? 1 : 0,
    one.knownExploited ? 0 : 1,
    severityOrder.indexOf(one.severity),
    one.fixedVersion === undefined ? 1 : 0,
    changeRanks[one.change],
  ];
  const sorted = found.toSorted((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at === -1
      ? compare(a.id, b.id) || compare(a.package, b.package)
      : (left[at] ?? 0) - (right[at] ?? 0);
  });
  return { ...rest, tally: [...tally.values()], findings: sorted.slice(0, listedMax) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
