import { sql } from 'kysely';
import { doubtsAtAll, type FeedKnowledge } from '../../advisories/feed-doubts.ts';
import type { Database } from '../../database/database.ts';
import { lastEndOfLife } from '../../inspection/inventory/os/end-of-life.ts';
import { distributionsVersion } from '../../inspection/inventory/os/families.ts';

/** What could be said of any image now. */
export interface DoubtsNow {
  readonly knowledge: string;
  /** False: every image shows what it should. */
  readonly mayDiffer: boolean;
}

/**
 * Whether a look at all images could find one whose doubts are others than it shows: the feeds raise others than when they
 * were last looked over, support of a release has ended, distributions are called otherwise by this version, or an image
 * was judged since. No image is read for it.
 */
export async function readDoubtsNow(
  db: Database,
  feeds: FeedKnowledge,
  judged: { readonly now: Date; readonly feedAgeMaxDays: number },
): Promise<DoubtsNow> {
  const ofFeeds = doubtsAtAll(feeds, await readHeldReleases(db), judged);
  const knowledge = JSON.stringify([ofFeeds, lastEndOfLife(judged.now), distributionsVersion]);
  const { rows } = await sql<{ knowledge: string; is_later: boolean }>`
    select p.knowledge, exists (
      select from image_summary s where s.undetermined and s.judged_at > p.ended_at) as is_later
    from doubts_pass p`.execute(db);
  const last = rows[0];
  return { knowledge, mayDiffer: last === undefined || last.is_later || last.knowledge !== knowledge };
}

/** Call it when all images have been looked over by this knowledge. */
export async function noteDoubtsPass(db: Database, knowledge: string): Promise<void> {
  await sql`
    insert into doubts_pass (knowledge, ended_at) values (${knowledge}, clock_timestamp())
    on conflict (is_only) do update set knowledge = excluded.knowledge, ended_at = excluded.ended_at`.execute(
    db,
  );
}

/**
 * Each release by a step of its own in the index: there are few of them, and very many images. A distribution without
 * releases has the empty one, which is asked about for every distribution.
 */
async function readHeldReleases(db: Database): Promise<readonly { ecosystem: string; release: string }[]> {
  const { rows } = await sql<{ ecosystem: string; release: string }>`
    with recursive ecosystems as (
      (select distribution->>'ecosystem' as ecosystem from image_report
       where distribution->>'ecosystem' is not null order by 1 limit 1)
      union all
      select next.* from ecosystems held cross join lateral (
        select distribution->>'ecosystem' from image_report
        where distribution->>'ecosystem' > held.ecosystem order by 1 limit 1) next),
    releases as (
      (select distribution->>'ecosystem' as ecosystem, distribution->>'release' as release from image_report
       where distribution->>'ecosystem' is not null and distribution->>'release' is not null order by 1, 2 limit 1)
      union all
      select next.* from releases held cross join lateral (
        select distribution->>'ecosystem', distribution->>'release' from image_report
        where (distribution->>'ecosystem', distribution->>'release') > (held.ecosystem, held.release)
          and distribution->>'release' is not null
        order by 1, 2 limit 1) next)
    select ecosystem, release from releases
    union select ecosystem, '' from ecosystems order by 1, 2`.execute(db);
  return rows;
}
