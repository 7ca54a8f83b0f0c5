import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { ImageListFilter } from './_image-filter.ts';
import type { ImageKey } from './_image-order.ts';

/** A part of a list: of namespaces whose findings are counted by one order of severity sources. */
export interface OrderGroup extends ImageListFilter {
  /** Absent: the default order, counted in `image_summary`. */
  readonly severityOrder?: string;
  /** Where `namespaceIds` is absent. */
  readonly exceptNamespaceIds?: readonly number[];
}

/** A list in parts that are counted by one order each; in most installations that is the list itself. */
export async function orderGroups(db: Database, filter: ImageListFilter): Promise<readonly OrderGroup[]> {
  const inScope =
    filter.namespaceIds === undefined ? sql`true` : sql`id = any(${filter.namespaceIds}::bigint[])`;
  const { rows } = await sql<{ key: string; ids: number[] }>`
    select listed_severity_order as key, array_agg(id) as ids from namespace
    where listed_severity_order is not null and ${inScope} group by 1 order by 1`.execute(db);
  if (rows.length === 0) return [filter];
  const others = new Set(rows.flatMap(({ ids }) => ids));
  const byDefault =
    filter.namespaceIds === undefined
      ? { ...filter, exceptNamespaceIds: [...others] }
      : { ...filter, namespaceIds: filter.namespaceIds.filter((id) => !others.has(id)) };
  const own = rows.map(({ key, ids }) => ({ ...filter, namespaceIds: ids, severityOrder: key }));
  return byDefault.namespaceIds?.length === 0 ? own : [byDefault, ...own];
}

/** The table that counts by an order, with the columns of `image_summary` that do not hang on it. */
export function countsBy(severityOrder: string | undefined): RawBuilder<unknown> {
  if (severityOrder === undefined) return sql`image_summary`;
  return sql`(
    select a.manifest_digest, o.highest, o.critical, o.high, o.medium, o.low, o.negligible, o.unknown, a.fixable,
      a.known_exploited, a.undetermined, a.doubts, a.secrets_outcome, a.secrets_critical, a.secrets_high, a.secrets_medium,
      a.secrets_low, a.malware_outcome, a.malware_count
    from image_severity o join image_summary a using (manifest_digest) where o.severity_order = ${severityOrder})`;
}

/** The first `limit` of parts that are in order each, in that order. */
export function mergeInOrder<Item extends { readonly key: ImageKey }>(
  parts: readonly (readonly Item[])[],
  { descending, limit }: { readonly descending: boolean; readonly limit: number },
): readonly Item[] {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const direction = descending ? -1 : 1;
  return parts
    .flat()
    .sort((a, b) => compareKeys(a.key, b.key) * direction)
    .slice(0, limit);
}

/** Keys of one order have values of the same types, compared as the database does: names and digests are ASCII. */
function compareKeys(a: ImageKey, b: ImageKey): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (left === right || left === null || right === null || right === undefined) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}
