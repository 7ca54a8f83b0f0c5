import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Verdict } from '../policy/verdict.ts';
import {
  countImages,
  type ImageListFilter,
  type ImageListOrder,
  type ImageRef,
  imageKeyForms,
  readImageRefs,
  readImageRows,
} from '../scan/image-list.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { Image, ImageQuery } from './contract/image.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { limitOf, type Page } from './page-of.ts';
import { showImage } from './show-image.ts';
import { walkJudged } from './walk-images.ts';

type Wanted = { readonly filter: ImageListFilter; readonly query: ImageQuery; readonly now: Date };

/** One page of images with their verdicts: few queries, however many images there are. */
export async function listImages(dependencies: ApiDependencies, wanted: Wanted): Promise<Page<Image>> {
  const { db, verdicts } = dependencies;
  const { filter, query, now } = wanted;
  const sort = query.sort ?? '-pushedAt';
  const order = readOrder(sort);
  const after = decodeCursor(query.cursor, `images ${sort}`, imageKeyForms(order.by));
  const limit = limitOf(query);
  const { refs, total, verdictsOfRefs } =
    query.verdict === undefined
      ? await findByRows(dependencies, { filter, order, after, limit, now })
      : await findByVerdict(dependencies, { ...wanted, order, after, limit });
  const page = refs.slice(0, limit);
  const judged = verdictsOfRefs ?? (await verdicts.verdictsOf(page, { now }));
  const [rows, facts] = await Promise.all([
    readImageRows(
      db,
      page.map(({ id }) => id),
    ),
    dependencies.facts.factsOfMany(page.map(({ digest }) => digest)),
  ]);
  const verdictById = new Map(page.map(({ id }, index) => [id, judged[index]]));
  const items = rows.flatMap((row) => {
    const verdict = verdictById.get(row.id);
    return verdict === undefined ? [] : [showImage(row, { verdict, facts: facts.get(row.digest) })];
  });
  const last = page.at(-1);
  const hasMore = refs.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? encodeCursor(`images ${sort}`, last.key) : null, total };
}

interface Found {
  /** One more than the page holds when others follow. */
  readonly refs: readonly ImageRef[];
  readonly total: number;
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
  const [refs, total] = await Promise.all([
    readImageRefs(db, { filter, order, after, limit: limit + 1 }),
    countImages(db, filter),
  ]);
  return { refs, total };
}

/** A verdict is stored nowhere, so finding images by it judges all that match the rest of the filter. */
async function findByVerdict(dependencies: ApiDependencies, search: Search & Wanted): Promise<Found> {
  const { order, after, limit, now, query } = search;
  const { db, verdicts } = dependencies;
  const filter = query.verdict === 'allow' ? search.filter : await onlyGated(db, search.filter);
  const judge = (images: readonly ImageRef[]) => verdicts.verdictsOf(images, { now });
  const found: { readonly image: ImageRef; readonly verdict: Verdict }[] = [];
  let total = 0;
  for await (const { image, verdict } of walkJudged(db, filter, { judge, order })) {
    if (verdict.kind !== query.verdict) continue;
    total += 1;
    const isBehind = after === undefined || compareKeys(image.key, after) * (order.descending ? -1 : 1) > 0;
    if (isBehind && found.length <= limit) found.push({ image, verdict });
  }
  return {
    refs: found.map(({ image }) => image),
    total,
    verdictsOfRefs: found.map(({ verdict }) => verdict),
  };
}

/** A namespace whose policy is off allows everything, so nothing of it has another verdict. */
async function onlyGated(db: Database, filter: ImageListFilter): Promise<ImageListFilter> {
  const { rows } = await sql<{ id: number }>`
    select id from namespace where coalesce(policy ->> 'mode', 'off') <> 'off'`.execute(db);
  const { namespaceIds } = filter;
  const gated = rows
    .map(({ id }) => id)
    .filter((id) => namespaceIds === undefined || namespaceIds.includes(id));
  return { ...filter, namespaceIds: gated };
}

/** As PostgreSQL compares the rows: names are ASCII, so the order of bytes is that of code units. */
function compareKeys(a: ImageRef['key'], b: ImageRef['key']): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? null;
    if (value === other || value === null || other === null) continue;
    return value < other ? -1 : 1;
  }
  return 0;
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
