import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { feedNames } from '../feed-names.ts';

/** An update that was applied, and not yet followed by matching what it names again. */
export interface UnfollowedUpdate {
  readonly id: number;
  readonly feed: string;
  readonly version: number;
}

/** What matching again made different for the packages of one ecosystem. */
export interface MatchCounts {
  readonly packages: number;
  readonly added: number;
  readonly removed: number;
}

/** Feeds that rate findings and name no packages; which of them caused that a package was matched again is not told apart. */
export const ratingFeeds: readonly string[] = [feedNames.cve, feedNames.kev];

/**
 * Notes what the updates' packages came to, in the transaction that writes their matches: from its commit on, those are of
 * the updates' versions. Of several updates of one feed, the newest has the numbers.
 */
export async function noteMatched(
  transaction: Transaction<Tables>,
  updates: readonly UnfollowedUpdate[],
  counted: { readonly ecosystems: ReadonlyMap<string, MatchCounts>; readonly rated: number },
): Promise<void> {
  for (const { id, feed, version } of newestOf(updates)) {
    const own = counted.ecosystems.get(feed);
    const packages = ratingFeeds.includes(feed) ? counted.rated : (own?.packages ?? 0);
    // A run that was killed behind this is done again, and finds only what is different by then.
    await sql`
      update feed_update set packages_matched = ${packages}, findings_added = findings_added + ${own?.added ?? 0},
        findings_removed = findings_removed + ${own?.removed ?? 0}
      where id = ${id}`.execute(transaction);
    await sql`
      update feed set matched_version = greatest(matched_version, ${version}::bigint)
      where name = ${feed}`.execute(transaction);
  }
}

/** Closes the updates: the images that hold what they changed are rewritten. */
export async function noteFollowed(
  transaction: Transaction<Tables>,
  updates: readonly UnfollowedUpdate[],
  imagesOf: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { id, feed } of newestOf(updates)) {
    await sql`update feed_update set images_touched = ${imagesOf.get(feed) ?? 0} where id = ${id}`.execute(
      transaction,
    );
  }
  const ids = updates.map((update) => update.id);
  await sql`update feed_update set matched_at = now() where id = any(${ids}::bigint[])`.execute(transaction);
}

function newestOf(updates: readonly UnfollowedUpdate[]): readonly UnfollowedUpdate[] {
  const newest = new Map<string, UnfollowedUpdate>();
  for (const update of updates)
    if (update.id > (newest.get(update.feed)?.id ?? 0)) newest.set(update.feed, update);
  return [...newest.values()];
}
