import { type AcceptedBundle, lastBundle } from '../../advisories/bundle-history.ts';
import { type FeedUpdate, readFeedHistory } from '../../advisories/feed-history.ts';
import {
  type FeedReadiness,
  type FeedStatus,
  feedAgeSeconds,
  feedReadiness,
  isFeedStale,
  readFeedStatus,
} from '../../advisories/feed-status.ts';
import type { Changes } from '../../advisories/feeds/pending-changes.ts';
import { type SyncOptions, syncAdvisories } from '../../advisories/feeds/sync-advisories.ts';
import type { SyncResult } from '../../advisories/feeds/sync-result.ts';
import type { Database, DatabaseConnection } from '../../database/database.ts';
import { analyzeUnknownTables } from '../../database/missing-statistics.ts';
import { GraphileQueue } from '../../jobs/graphile-queue.ts';
import { reMatch } from '../../scan/matches/re-match.ts';
import { queueRenamed } from '../../scan/queue-scan.ts';
import { FindingDifferences } from '../../webhooks/finding-differences.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import type { Installation } from '../installation.ts';
import { advisoryOriginOf } from '../settings/read-bundle-settings.ts';

/** Brings the feeds up to date, then judges again what the changed advisories name. */
export async function updateAdvisories(options: Omit<SyncOptions, 'now'>): Promise<SyncResult> {
  const { connection, signal } = options;
  return await syncAdvisories({ ...options, now: systemClock, follow: followChanges(connection, signal) });
}

/** Judges again what changed advisories name; images that only a scan can judge by them are queued. */
export function followChanges(
  connection: DatabaseConnection,
  signal: AbortSignal | undefined,
): (changes: Changes) => Promise<void> {
  const { db } = connection;
  const queue = new GraphileQueue({ connection });
  return async (changes) => {
    // What the update filled for the first time, or a restore before it.
    await analyzeUnknownTables(connection.pool);
    await reMatch(connection, changes, {
      now: systemClock(),
      feedAgeMaxDays,
      observer: new FindingDifferences({ now: systemClock }),
      onRenamed: (digests) => queueRenamed(db, queue, digests),
      ...(signal === undefined ? {} : { signal }),
    });
  };
}

export interface AdvisoryStatus {
  readonly feeds: readonly FeedStatus[];
  readonly readiness: FeedReadiness;
  /** The last one that was accepted. */
  readonly bundle?: AcceptedBundle;
}

/** What is held of each feed, and whether anything can be judged by it. */
export async function advisoryStatus({
  connection: { db },
  config,
}: Pick<Installation, 'connection' | 'config'>): Promise<AdvisoryStatus> {
  const feeds = await readFeedStatus(db);
  const bundle = await lastBundle(db);
  const readiness = feedReadiness(feeds, advisoryOriginOf(config));
  return { feeds, readiness, ...(bundle === undefined ? {} : { bundle }) };
}

/** How old a feed is, and whether that is older than images may be judged by. */
export function feedAge(
  feed: FeedStatus,
  now: Date,
): { readonly ageSeconds: number | undefined; readonly isStale: boolean } {
  return { ageSeconds: feedAgeSeconds(feed, now), isStale: isFeedStale(feed, { now, feedAgeMaxDays }) };
}

/** What the last updates of a feed, or of all, did; newest first. */
export async function feedHistory(db: Database, feed: string | undefined): Promise<readonly FeedUpdate[]> {
  return await readFeedHistory(db, feed);
}
