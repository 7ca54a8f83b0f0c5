import { readGateBounds } from '../../gate/gate-bounds.ts';
import { countFound, countImages } from '../../lists/image-counts.ts';
import {
  type ImageListFilter,
  type ImageListOrder,
  type ImageRef,
  imageKeyForms,
  readImageRefs,
  readImageRows,
} from '../../lists/image-list.ts';
import type { GateBound } from '../../lists/verdict-bounds.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { Image, ImageQuery } from '../contract/image.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { limitOf, type Page } from '../page-of.ts';
import type { CountCache } from './count-cache.ts';
import { countVerdicts, sumOfVerdicts, type VerdictCounts } from './count-verdicts.ts';
import type { NamespaceVerdictCounts } from './namespace-verdict-counts.ts';
import { showImage } from './show-image.ts';

interface Wanted {
  readonly filter: ImageListFilter;
  readonly query: ImageQuery;
  readonly now: Date;
  readonly totals: ImageTotals;
}

/** How many images match; estimated where the verdicts of too many would have to be worked out. */
export interface Total {
  readonly total: number;
  readonly isEstimate: boolean;
  /** There are, or may be, more. */
  readonly isMinimum: boolean;
}

/** Totals of lists of very many images, for a while. */
export interface ImageTotals {
  readonly byFilter: CountCache<Total>;
  readonly verdictsByFilter: CountCache<VerdictCounts>;
  readonly verdictsByNamespace: NamespaceVerdictCounts;
}

/** One page of images with their verdicts: few queries, however many images there are. */
export async function listImages(dependencies: ApiDependencies, wanted: Wanted): Promise<Page<Image>> {
  const { db } = dependencies;
  const { filter, query, now } = wanted;
  const sort = query.sort ?? '-pushedAt';
  const order = readOrder(sort);
  const after = decodeCursor(query.cursor, `images ${sort}`, imageKeyForms(order.by));
  const limit = limitOf(query);
  const search = { filter, order, after, limit, now };
  const { verdict } = query;
  const bounds =
    verdict === undefined ? [] : await readGateBounds(db, { namespaceIds: filter.namespaceIds, now });
  const counting = countTotal(dependencies, wanted, bounds);
  const finding =
    verdict === undefined
      ? findByRows(dependencies, search)
      : counting.then(({ total }) =>
          findByVerdict(dependencies, { ...search, bounds, kind: verdict, isRare: total < rareMax }),
        );
  const showing = finding.then((found) => showFound(dependencies, found, now));
  const [{ total, isEstimate, isMinimum }, { next }, items] = await Promise.all([counting, finding, showing]);
  const nextCursor = next === undefined ? null : encodeCursor(`images ${sort}`, next);
  return {
    items,
    nextCursor,
    total,
    ...(isEstimate ? { totalIsEstimate: true } : {}),
    ...(isMinimum ? { totalIsMinimum: true } : {}),
  };
}

async function showFound(
  { db, verdicts, facts: store }: ApiDependencies,
  { refs, verdictsOfRefs }: Found,
  now: Date,
): Promise<Image[]> {
  const judged = verdictsOfRefs ?? (await verdicts.verdictsOf(refs, { now }));
  const [rows, facts] = await Promise.all([
    readImageRows(
      db,
      refs.map(({ id }) => id),
    ),
    store.factsOfMany(refs.map(({ digest }) => digest)),
  ]);
  const verdictById = new Map(refs.map(({ id }, index) => [id, judged[index]]));
  return rows.flatMap((row) => {
    const verdict = verdictById.get(row.id);
    return verdict === undefined ? [] : [showImage(row, { verdict, facts: facts.get(row.digest) })];
  });
}

interface Found {
  readonly refs: readonly ImageRef[];
  /** Where the next page begins; absent on the last. */
  readonly next: ImageRef['key'] | undefined;
  /** Known already when the filter asked for them. */
  readonly verdictsOfRefs?: readonly Verdict[];
}

interface Search {
  readonly filter: ImageListFilter;
  readonly order: ImageListOrder;
  readonly after: ImageRef['key'] | undefined;
  readonly limit: number;
  readonly now: Date;
}

async function findByRows({ db }: ApiDependencies, search: Search): Promise<Found> {
  const { filter, order, after, limit } = search;
  const found = await readImageRefs(db, { filter, order, after, limit: limit + 1 });
  const refs = found.slice(0, limit);
  return { refs, next: found.length > limit ? refs.at(-1)?.key : undefined };
}

/** Images that are judged for one page; a page that finds few by then says where to go on. */
const judgedMax = 1_000;
/** Where a look found too few, the next is as long as that lets expect, within these. */
const laterStepMin = 25;
const laterStepMax = 500;
/** Fewer images than these are rare among many, and found at once among few. */
const rareMax = 1_000;

/** How far the finds of a search are counted. */
const searchedMax = 10_000;

/**
 * A verdict is stored nowhere: what certainly has another one is left out by its counts, and what may have it is judged.
 * A page may be short, or even empty, though others follow.
 */
async function findByVerdict(
  { db, verdicts }: ApiDependencies,
  search: Search & {
    readonly bounds: readonly GateBound[];
    readonly kind: Verdict['kind'];
    readonly isRare: boolean;
  },
): Promise<Found> {
  const { order, limit, now, bounds, kind, isRare } = search;
  const filter = { ...search.filter, gate: { bounds, kind, isRare } };
  const found: { readonly image: ImageRef; readonly verdict: Verdict }[] = [];
  let { after } = search;
  for (let judged = 0; judged < judgedMax; ) {
    const stepSize = nextStepSize({ wanted: limit + 1, found: found.length, judged });
    const images = await readImageRefs(db, { filter, order, after, limit: stepSize });
    const own = await verdicts.verdictsOf(images, { now });
    for (const [index, image] of images.entries()) {
      const verdict = own[index];
      if (verdict?.kind === kind) found.push({ image, verdict });
    }
    judged += images.length;
    after = images.at(-1)?.key ?? after;
    if (images.length < stepSize) {
      after = undefined;
      break;
    }
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  return {
    refs: page.map(({ image }) => image),
    next: found.length > limit ? page.at(-1)?.image.key : after,
    verdictsOfRefs: page.map(({ verdict }) => verdict),
  };
}

/** As many as give what is missing, by the share that was found so far, and a quarter more. */
function nextStepSize(so: {
  readonly wanted: number;
  readonly found: number;
  readonly judged: number;
}): number {
  const { wanted, found, judged } = so;
  if (judged === 0) return wanted;
  const expected = Math.ceil(((wanted - found) * judged * 1.25) / Math.max(found, 1));
  return Math.min(Math.max(expected, laterStepMin), laterStepMax);
}

/** `bounds` are of all namespaces that the filter lets through. */
async function countTotal(
  dependencies: ApiDependencies,
  wanted: Wanted,
  bounds: readonly GateBound[],
): Promise<Total> {
  const { db } = dependencies;
  const { filter, query, now, totals } = wanted;
  const { verdict } = query;
  if (verdict === undefined) {
    return await totals.byFilter.of(JSON.stringify(filter), async () => {
      if (filter.search === undefined)
        return { total: await countImages(db, filter), isEstimate: false, isMinimum: false };
      const { count, isMinimum } = await countFound(db, filter, searchedMax);
      return { total: count, isEstimate: isMinimum, isMinimum };
    });
  }
  const { namespaceIds: _, ...others } = filter;
  const counts =
    Object.keys(others).length === 0
      ? sumOfVerdicts(await totals.verdictsByNamespace.of(bounds, now))
      : await totals.verdictsByFilter.of(JSON.stringify({ filter, bounds }), async () =>
          sumOfVerdicts(await countVerdicts(dependencies, { filter, bounds, now })),
        );
  return { total: counts[verdict], isEstimate: counts.isEstimate, isMinimum: false };
}

function readOrder(sort: NonNullable<ImageQuery['sort']>): ImageListOrder {
  const descending = sort.startsWith('-');
  const by = descending ? sort.slice(1) : sort;
  switch (by) {
    case 'severity':
    case 'repository':
    case 'size':
      return { by, descending };
    default:
      return { by: 'pushedAt', descending };
  }
}
