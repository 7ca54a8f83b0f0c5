import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { intArray } from './int-array.ts';
import type { MatchDetail, MatchDetails } from './match-details.ts';
import type { HeldMatch, WrittenMatch } from './match-differences.ts';
import type { RenamedMatch } from './other-names.ts';

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

/** When a match was first seen under another name, as PostgreSQL writes it. */
export interface SeenBefore {
  readonly packageId: number;
  readonly vulnerabilityId: string;
  readonly firstSeenAt: string;
}

/**
 * Deletes the rows of matches that go on in another row, and lets the history of all that go on follow them. Call it before
 * anything else is stored, and `keepFirstSeen()` of what it returns after.
 */
export async function storeRenamed(
  transaction: Transaction<Tables>,
  renamed: readonly RenamedMatch[],
): Promise<readonly SeenBefore[]> {
  if (renamed.length === 0) return [];
  const followed = renamed.filter(
    ({ held, detail, row }) => row !== 'split' && held.detail.vulnerability_id !== detail.vulnerability_id,
  );
  await sql`
    update match_change c set vulnerability_id = n.after
    from unnest(${intArray(followed.map(({ held }) => held.packageId))}::int[],
      ${followed.map(({ held }) => held.detail.vulnerability_id)}::text[],
      ${followed.map(({ detail }) => detail.vulnerability_id)}::text[]) as n (package_id, before, after)
    where c.package_id = n.package_id and c.vulnerability_id = n.before`.execute(transaction);
  const others = renamed.filter(({ row }) => row !== 'moved');
  const { rows } = await sql<{ nth: number; at: string }>`
    select n.nth::int, m.first_seen_at::text as at
    from unnest(${intArray(others.map(({ held }) => held.packageId))}::int[],
      ${intArray(others.map(({ held }) => held.detailId))}::int[]) with ordinality as n (package_id, detail_id, nth)
    join stored_match m using (package_id, detail_id)`.execute(transaction);
  const merged = others.filter(({ row }) => row === 'merged');
  await sql`
    delete from stored_match m
    using unnest(${intArray(merged.map(({ held }) => held.packageId))}::int[],
      ${intArray(merged.map(({ held }) => held.detailId))}::int[]) as gone (package_id, detail_id)
    where m.package_id = gone.package_id and m.detail_id = gone.detail_id`.execute(transaction);
  return rows.flatMap(({ nth, at }) => {
    const one = others[nth - 1];
    if (one === undefined) return [];
    const { held, detail } = one;
    return [{ packageId: held.packageId, vulnerabilityId: detail.vulnerability_id, firstSeenAt: at }];
  });
}

/** A match was first seen when it was first seen by any of its names. */
export async function keepFirstSeen(
  transaction: Transaction<Tables>,
  seen: readonly SeenBefore[],
): Promise<void> {
  if (seen.length === 0) return;
  await sql`
    update stored_match m set first_seen_at = n.at
    from (
      select package_id, vulnerability_id, min(at) as at
      from unnest(${intArray(seen.map(({ packageId }) => packageId))}::int[],
        ${seen.map(({ vulnerabilityId }) => vulnerabilityId)}::text[],
        ${seen.map(({ firstSeenAt }) => firstSeenAt)}::timestamptz[]) as s (package_id, vulnerability_id, at)
      group by 1, 2) n, match_detail d
    where m.package_id = n.package_id and d.id = m.detail_id and d.vulnerability_id = n.vulnerability_id
      and m.first_seen_at > n.at`.execute(transaction);
}
