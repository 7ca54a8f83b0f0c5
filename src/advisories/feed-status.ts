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

/** By which time and age a feed is stale. */
export interface FeedAgeLimit {
  readonly now: Date;
  /** Since a feed was last confirmed (semantics.md §2: 5 by default). */
  readonly feedAgeMaxDays: number;
}

/** Why a feed must not be relied on. */
export type Staleness =
  | { readonly kind: 'unread' }
  /** It does not say of which day it is, so that nobody can tell whether it stands still. */
  | { readonly kind: 'undated' }
  /** `unconfirmed`: not known to be its source's any more; `old`: its source has it still, and it is of long ago. */
  | {
      readonly kind: 'unconfirmed' | 'old';
      readonly at: Date;
      /** Whole days since then. */
      readonly days: number;
      readonly daysMax: number;
    };

const dayMs = 86_400_000;

/**
 * CISA has added to its list at least every 18 days since 2022, and once, before, after 26 (the dates in the catalogue of
 * 2025-08-25): one that is older stands still, however often its source is asked.
 */
const knownExploitedDaysMax = 30;

/**
 * Undefined: the feed was confirmed lately and, where its source writes it anew every few days, is of lately (threats.md F22).
 * Ecosystems may be quiet for weeks, so how old their newest record is says nothing (decision 0008).
 */
export function stalenessOf(feed: FeedStatus, { now, feedAgeMaxDays }: FeedAgeLimit): Staleness | undefined {
  const { name, lastSuccessAt, newestRecordAt } = feed;
  if (lastSuccessAt === undefined) return { kind: 'unread' };
  const since = (kind: 'unconfirmed' | 'old', at: Date, daysMax: number): Staleness | undefined => {
    const ageMs = now.getTime() - at.getTime();
    return ageMs > daysMax * dayMs ? { kind, at, days: Math.floor(ageMs / dayMs), daysMax } : undefined;
  };
  const unconfirmed = since('unconfirmed', lastSuccessAt, feedAgeMaxDays);
  if (unconfirmed !== undefined || (name !== feedNames.kev && name !== feedNames.epss)) return unconfirmed;
  if (newestRecordAt === undefined) return { kind: 'undated' };
  // Scores are of every day: the newest ones are two days old at most when the next daily update begins.
  const daysMax = name === feedNames.kev ? Math.max(knownExploitedDaysMax, feedAgeMaxDays) : feedAgeMaxDays;
  return since('old', newestRecordAt, daysMax);
}

export function isFeedStale(feed: FeedStatus, limit: FeedAgeLimit): boolean {
  return stalenessOf(feed, limit) !== undefined;
}

/** Time since the held version was last known to be what its source has; undefined: the feed was never read. */
export function feedAgeSeconds({ lastSuccessAt }: FeedStatus, now: Date): number | undefined {
  return lastSuccessAt === undefined
    ? undefined
    : Math.max(0, now.getTime() - lastSuccessAt.getTime()) / 1000;
}
