import { type RawBuilder, sql } from 'kysely';
import { sortedIds } from './package-holders.ts';

// Open matches are looked up one by one, behind "offset 0": PostgreSQL does not know how few of millions they are, and
// would read them all.

/** Subquery: `package_id` of what a detail `d` stands against: by two indexes alone, as the matches lie in the order of packages. */
export const packagesOfDetail: RawBuilder<unknown> = sql`
  select m.package_id from stored_match m where m.detail_id = d.id and not exists (
    select from stored_match r
    where r.detail_id = m.detail_id and r.package_id = m.package_id and r.resolved_at is not null) offset 0`;

/** Subquery: `package_id` and `detail_id` of what stands against the packages. */
export function detailsOfPackages(packageIds: readonly number[]): RawBuilder<unknown> {
  return sql`
    select w.id as package_id, m.detail_id from unnest(${sortedIds(packageIds)}::int[]) w (id) cross join lateral (
      select m.detail_id from stored_match m where m.package_id = w.id and m.resolved_at is null offset 0) m`;
}
