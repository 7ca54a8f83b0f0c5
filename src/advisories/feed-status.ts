import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { feedNames, isEcosystemFeed } from './feed-names.ts';

/** What is held of one feed and how its last synchronisation went. */
export interface FeedStatus {
  /** An OSV ecosystem, or one of `feedNames`. */
  readonly name: string;
  readonly recordCount: number;
  /** Records of the last good import that could not be read and are absent. */
  readonly skippedCount: number;
  /** Grows with every change that was applied. */
  readonly version: number;
  /** The version that packages are matched with: less while a new one is being followed. */
  readonly matchedVersion: number;
  readonly newestRecordAt?: Date;
  readonly lastAttemptAt?: Date;
  /** When the held data was last known to equal its source. */
  readonly lastSuccessAt?: Date;
  /** Why the last attempt failed; absent when it did not. */
  readonly lastError?: string;
  /** Attempts that failed since the last good one. */
  readonly failures: number;
  /** It failed because no source answered, so that it is tried again soon. */
  readonly isUnreachable: boolean;
  /** Address that the held data came from. */
  readonly source?: string;
}

/** All feeds by name; empty before the first synchronisation. The list of ecosystems is among them while it fails. */
export async function readFeedStatus(db: Database): Promise<readonly FeedStatus[]> {
  const rows = await db
    .selectFrom('feed')
    .selectAll()
    .select(sql<boolean>`exists (select from pending_change)`.as('has_pending'))
    .orderBy('name')
    .execute();
  const shown = rows.filter((row) => row.name !== feedNames.ecosystems || row.last_error !== null);
  return shown.map((row) => ({
    name: row.name,
    recordCount: row.record_count,
    skippedCount: row.skipped_count,
    version: row.version,
    matchedVersion: row.has_pending && !isReadLive(row.name) ? row.matched_version : row.version,
    ...(row.newest_record_at === null ? {} : { newestRecordAt: row.newest_record_at }),
    ...(row.last_attempt_at === null ? {} : { lastAttemptAt: row.last_attempt_at }),
    ...(row.last_success_at === null ? {} : { lastSuccessAt: row.last_success_at }),
    ...(row.last_error === null ? {} : { lastError: row.last_error }),
    failures: row.failures,
    isUnreachable: row.is_unreachable,
    ...(row.source === null ? {} : { source: row.source }),
  }));
}

/** These are joined to findings when they are read, not when packages are matched. */
function isReadLive(name: string): boolean {
  return name === feedNames.kev || name === feedNames.epss;
}

export interface FeedReadiness {
  /** At least one ecosystem has been imported, so images can be judged. */
  readonly ready: boolean;
  /** One sentence for people, without a full stop. */
  readonly message: string;
}

/** Whom an installation asks for advisories: mirrors, the bundle that it follows, or nobody, as bundles are imported by hand. */
export type AdvisoryOrigin = 'mirrors' | 'bundle' | 'by-hand';

/** What brings the advisories up to date, as it completes "run …". */
export function updateCommand(origin: AdvisoryOrigin): string {
  switch (origin) {
    case 'mirrors':
      return '"pratique advisories sync"';
    case 'bundle':
      return '"pratique advisories sync", which asks for the bundle that is followed, or "pratique advisories import" with another';
    case 'by-hand':
      return '"pratique advisories import" with a bundle';
  }
}

/** Whether there is anything to judge by, in one sentence for status pages. `origin`: absent where it is not known. */
export function feedReadiness(feeds: readonly FeedStatus[], origin?: AdvisoryOrigin): FeedReadiness {
  const held = feeds.filter((feed) => isEcosystemFeed(feed.name) && feed.lastSuccessAt !== undefined);
  if (held.length > 0) {
    const records = held.reduce((sum, feed) => sum + feed.recordCount, 0);
    return { ready: true, message: `${records} advisories of ${held.length} ecosystems` };
  }
  const failed =
    feeds.find((feed) => feed.name === feedNames.ecosystems && feed.lastError !== undefined) ??
    feeds.find((feed) => feed.lastError !== undefined);
  const remedy =
    origin === undefined ? '"pratique advisories status" says what to do' : `run ${updateCommand(origin)}`;
  const hint = `no advisory data yet: nothing can be judged; ${remedy}`;
  if (failed === undefined) return { ready: false, message: hint };
  return { ready: false, message: `${hint} (last attempt: ${failed.lastError})` };
}

/** A feed that has not been confirmed for longer than the limit, or never was. */
export function isFeedStale(feed: FeedStatus, limit: { now: Date; feedAgeMaxDays: number }): boolean {
  if (feed.lastSuccessAt === undefined) return true;
  return limit.now.getTime() - feed.lastSuccessAt.getTime() > limit.feedAgeMaxDays * 86_400_000;
}

/** Time since the held version was last known to be what its source has; undefined: the feed was never read. */
export function feedAgeSeconds({ lastSuccessAt }: FeedStatus, now: Date): number | undefined {
  return lastSuccessAt === undefined
    ? undefined
    : Math.max(0, now.getTime() - lastSuccessAt.getTime()) / 1000;
}
