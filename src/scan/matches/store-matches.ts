import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { intArray } from './int-array.ts';
import type { MatchDetail, MatchDetails } from './match-details.ts';
import type { HeldMatch, WrittenMatch } from './match-differences.ts';

/**
 * Stores matches that are new or say something else: `first_seen_at` of a known one stays. One that is as it was stays
 * untouched: a feed that says nothing new writes nothing.
 */
export async function storeWritten(
  transaction: Transaction<Tables>,
  written: readonly WrittenMatch[],
  details: MatchDetails,
): Promise<void> {
  if (written.length === 0) return;
  const ids = await details.idsOf(transaction, new Set(written.map(({ detail }) => detail)));
  const idOf = (detail: MatchDetail) => {
    const id = ids.get(detail);
    if (id === undefined) throw new Error(`What is said of ${detail.vulnerability_id} has no row`);
    return id;
  };
  const added = inOrder(written.filter(({ before }) => before === undefined));
  if (added.length > 0)
    await sql`
      insert into stored_match (package_id, detail_id)
      select * from unnest(${intArray(added.map(({ packageId }) => packageId))}::int[],
        ${intArray(added.map(({ detail }) => idOf(detail)))}::int[])`.execute(transaction);
  const moved = inOrder(written).flatMap(({ packageId, detail, before }) =>
    before === undefined ? [] : [{ packageId, from: before.detailId, to: idOf(detail) }],
  );
  if (moved.length > 0)
    await sql`
      update stored_match m set detail_id = n.after, resolved_at = null
      from unnest(${intArray(moved.map(({ packageId }) => packageId))}::int[],
        ${intArray(moved.map(({ from }) => from))}::int[], ${intArray(moved.map(({ to }) => to))}::int[]) as n (package_id, before, after)
      where m.package_id = n.package_id and m.detail_id = n.before`.execute(transaction);
}

/** One that is gone is resolved, not deleted. */
export async function storeResolved(
  transaction: Transaction<Tables>,
  resolved: readonly HeldMatch[],
): Promise<void> {
  if (resolved.length === 0) return;
  const gone = inOrder(resolved);
  await sql`
    update stored_match m set resolved_at = now()
    from unnest(${intArray(gone.map(({ packageId }) => packageId))}::int[],
      ${intArray(gone.map(({ detailId }) => detailId))}::int[]) as gone (package_id, detail_id)
    where m.package_id = gone.package_id and m.detail_id = gone.detail_id`.execute(transaction);
}

/** As the rows lie: each page of millions is then met once, and not brought back for every other match. */
function inOrder<Match extends { readonly packageId: number }>(matches: readonly Match[]): readonly Match[] {
  return matches.toSorted((a, b) => a.packageId - b.packageId);
}
