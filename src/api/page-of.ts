import { pageLimitDefault } from './contract/page.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface PageRequest {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsEstimate?: boolean;
  readonly totalIsMinimum?: boolean;
}

export function limitOf(request: PageRequest): number {
  return request.limit ?? pageLimitDefault;
}

/**
 * One page of a list that is in memory. `keyOf` is unique in it; the page begins behind the item of the cursor's key, or
 * at the start when that item has gone meanwhile and `isAfter` is not given.
 */
export function pageOf<Item, Shown>(options: {
  readonly list: string;
  readonly items: readonly Item[];
  readonly request: PageRequest;
  readonly keyOf: (item: Item) => string;
  readonly show: (item: Item) => Shown;
}): Page<Shown> {
  const { list, items, request, keyOf, show } = options;
  const after = decodeCursor(request.cursor, list, ['string', 'number']);
  const start = after === undefined ? 0 : startAfter(items.map(keyOf), String(after[0]), Number(after[1]));
  const page = items.slice(start, start + limitOf(request));
  const last = page.at(-1);
  const end = start + page.length;
  return {
    items: page.map(show),
    nextCursor: last === undefined || end >= items.length ? null : encodeCursor(list, [keyOf(last), end]),
    total: items.length,
  };
}

/** Behind the key; when its item has gone, where it stood. */
function startAfter(keys: readonly string[], key: string, position: number): number {
  const found = keys.indexOf(key);
  return found === -1 ? Math.min(Math.max(position - 1, 0), keys.length) : found + 1;
}

/** The page of a list that the database has paged: `items` in order, `hasMore` when rows follow. */
export function pageFromRows<Row, Shown>(options: {
  readonly list: string;
  readonly rows: readonly Row[];
  readonly limit: number;
  readonly total: number;
  readonly keyOf: (row: Row) => readonly (string | number | null)[];
  readonly show: (row: Row) => Shown;
}): Page<Shown> {
  const { list, rows, limit, total, keyOf, show } = options;
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: items.map(show), nextCursor: hasMore ? encodeCursor(list, keyOf(last)) : null, total };
}
