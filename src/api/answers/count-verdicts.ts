import { type BoundCount, countByBound } from '../../lists/image-counts.ts';
import { type ImageListFilter, readImageRefs } from '../../lists/image-list.ts';
import type { GateBound } from '../../lists/verdict-bounds.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { isUnsettled } from './show-verdict.ts';

/** How many images of a namespace have which verdict now. */
export interface VerdictCounts extends Readonly<Record<Verdict['kind'], number>> {
  readonly images: number;
  /** Not or not fully judged yet, whatever the policy says. */
  readonly unsettled: number;
  /** More images than could be judged hung on more than their counts; those judged stand for the others. */
  readonly isEstimate: boolean;
}

/** Images that are judged for a count, of all namespaces together; but some of each. */
const judgedMax = 1_000;
const judgedOfEachMin = 10;

/**
 * Verdicts by namespace. The counts of severities decide most images; of the others, as many are judged as time allows.
 * Namespaces without an image of the filter are not in the map, nor those without a bound.
 */
export async function countVerdicts(
  { db, verdicts }: ApiDependencies,
  wanted: {
    readonly filter: ImageListFilter;
    readonly bounds: readonly GateBound[];
    readonly now: Date;
    readonly policy?: Policy;
  },
): Promise<ReadonlyMap<number, VerdictCounts>> {
  const { filter, bounds, now, policy } = wanted;
  const rows = await countByBound(db, filter, bounds);
  const ids = sampleOf(rows);
  const samples = await readImageRefs(db, {
    filter: { ids },
    order: { by: 'pushedAt', descending: true },
    limit: ids.length,
  });
  const judged = await verdicts.verdictsOf(samples, { now, ...(policy === undefined ? {} : { policy }) });
  const counts = new Map<number, VerdictCounts>();
  for (const [namespaceId, own] of Map.groupBy(rows, (row) => row.namespaceId)) {
    const tally = { allow: 0, warn: 0, hold: 0, block: 0, images: 0, unsettled: 0 };
    let undecidedCount = 0;
    for (const { verdict, isUnsettled: isOpen, count } of own) {
      tally.images += count;
      if (verdict === null) undecidedCount += count;
      else {
        tally[verdict as Verdict['kind']] += count; // the words of boundVerdict
        if (isOpen) tally.unsettled += count;
      }
    }
    const sample = judged.filter((_, index) => samples[index]?.namespaceId === namespaceId);
    addJudged(tally, sample, undecidedCount / Math.max(1, sample.length));
    counts.set(namespaceId, { ...tally, isEstimate: undecidedCount > sample.length });
  }
  return counts;
}

/** Images that stand for all whose facts are needed: of each namespace by how many it has, the same ones every time. */
function sampleOf(rows: readonly BoundCount[]): readonly number[] {
  const open = rows.flatMap(({ ids }) => (ids === null ? [] : [ids]));
  const total = open.reduce((sum, ids) => sum + ids.length, 0);
  return open.flatMap((ids) => {
    const share = Math.max(judgedOfEachMin, Math.floor((judgedMax * ids.length) / total));
    return ids.length <= share ? ids : ids.toSorted((a, b) => lotOf(a) - lotOf(b)).slice(0, share);
  });
}

/** The place of an id in a lottery: ids in their order are images in the order of their pushes. */
function lotOf(id: number): number {
  return Math.imul(id, 0x9e37_79b1) >>> 0; // 2^32 divided by the golden ratio
}

function addJudged(
  tally: Record<Verdict['kind'] | 'unsettled', number>,
  judged: readonly Verdict[],
  weight: number,
): void {
  for (const kind of ['allow', 'warn', 'hold', 'block'] as const) {
    tally[kind] += Math.round(judged.filter((verdict) => verdict.kind === kind).length * weight);
  }
  tally.unsettled += Math.round(judged.filter(isUnsettled).length * weight);
}

/** The counts of all namespaces together. */
export function sumOfVerdicts(counts: ReadonlyMap<number, VerdictCounts>): VerdictCounts {
  const sum = { allow: 0, warn: 0, hold: 0, block: 0, images: 0, unsettled: 0, isEstimate: false };
  for (const one of counts.values()) {
    for (const key of ['allow', 'warn', 'hold', 'block', 'images', 'unsettled'] as const)
      sum[key] += one[key];
    if (one.isEstimate) sum.isEstimate = true;
  }
  return sum;
}
