import type { Database } from '../database/database.ts';
import type { RecordChanges } from './feeds/record-update.ts';

/** What one update of a feed did, or why it did nothing. */
export interface FeedUpdate {
  readonly feed: string;
  readonly outcome: 'applied' | 'refused' | 'unreachable';
  /** Address that the version came from; absent: none was taken over. */
  readonly source?: string;
  readonly beganAt: Date;
  /** Of the last of `attempts`. */
  readonly endedAt: Date;
  /** How often in a row it failed alike. */
  readonly attempts: number;
  readonly error?: string;
  readonly versionBefore: number;
  readonly versionAfter: number;
  readonly recordsBefore: number;
  readonly recordsAfter: number;
  readonly changes: RecordChanges;
  /** Absent: nothing was matched again yet. */
  readonly effects?: UpdateEffects;
}

/** What came of an update when stored packages were matched again; images that CVE and KEV touch are counted for both. */
export interface UpdateEffects {
  readonly matchedAt: Date;
  readonly packagesMatched: number;
  /** Pairs of distinct package and vulnerability, whatever the number of images that hold the package. */
  readonly findingsAdded: number;
  readonly findingsRemoved: number;
  /** Images that hold a package whose matches changed. */
  readonly imagesTouched: number;
}

/** The updates that are kept (ten applied and ten failed ones of each feed), newest first; of one feed, or of all. */
export async function readFeedHistory(db: Database, feed?: string): Promise<readonly FeedUpdate[]> {
  const rows = await db
    .selectFrom('feed_update')
    .selectAll()
    .$if(feed !== undefined, (query) => query.where('feed', '=', feed ?? ''))
    .orderBy('id', 'desc')
    .execute();
  return rows.map((row) => ({
    feed: row.feed,
    outcome: row.outcome as FeedUpdate['outcome'], // by the table's check
    ...(row.source === null ? {} : { source: row.source }),
    beganAt: row.began_at,
    endedAt: row.ended_at,
    attempts: row.attempts,
    ...(row.error === null ? {} : { error: row.error }),
    versionBefore: row.version_before,
    versionAfter: row.version_after,
    recordsBefore: row.records_before,
    recordsAfter: row.records_after,
    changes: {
      added: row.records_added,
      changed: row.records_changed,
      withdrawn: row.records_withdrawn,
      vanished: row.records_vanished,
    },
    ...(row.matched_at === null
      ? {}
      : {
          effects: {
            matchedAt: row.matched_at,
            packagesMatched: row.packages_matched,
            findingsAdded: row.findings_added,
            findingsRemoved: row.findings_removed,
            imagesTouched: row.images_touched,
          },
        }),
  }));
}
