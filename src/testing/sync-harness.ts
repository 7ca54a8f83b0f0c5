import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { readCandidates } from '../advisories/candidates.ts';
import { type FeedStatus, readFeedStatus } from '../advisories/feed-status.ts';
import { acknowledgeChanges } from '../advisories/feeds/pending-changes.ts';
import { type SyncOptions, syncAdvisories } from '../advisories/feeds/sync-advisories.ts';
import type { SyncResult } from '../advisories/feeds/sync-result.ts';
import type { SyncSources } from '../advisories/feeds/sync-sources.ts';
import { alpineRecords, npmRecord } from './samples/osv-fixtures.ts';
import { StaticMirror } from './static-mirror.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** A mirror with 40 records for Alpine and one for npm, an empty database, and a clock that stands still. */
export interface SyncHarness {
  readonly mirror: StaticMirror;
  readonly root: string;
  readonly database: TemporaryDatabase;
  clock: Date;
  sync(sources?: Partial<SyncSources>, options?: Partial<SyncOptions>): Promise<SyncResult>;
  acknowledged(result: SyncResult): Promise<SyncResult>;
  feedOf(name: string): Promise<FeedStatus | undefined>;
  /** Ids of the Alpine advisories that name a package. */
  idsFor(...names: readonly string[]): Promise<readonly string[]>;
}

/** Call it once per test file: it registers the hooks that renew everything for each test. */
export function useSyncHarness(): SyncHarness {
  let database: TemporaryDatabase | undefined;
  let mirror = new StaticMirror();
  let root = '';
  const opened = (): TemporaryDatabase => {
    if (database === undefined) throw new Error('Cannot use the harness outside a test');
    return database;
  };
  beforeAll(async () => {
    database = await createTemporaryDatabase();
  });
  afterAll(() => database?.drop());
  beforeEach(async () => {
    await opened().pool.query(
      'truncate feed, feed_update, advisory, feed_advisory, advisory_package, release_coverage, pending_change, cve, known_exploited, epss',
    );
    mirror = new StaticMirror();
    root = await mirror.start();
    mirror.set('/ecosystems.txt', 'Alpine\nnpm\n[EMPTY]\nAlpine:v3.6\n');
    mirror.setFolder('Alpine', alpineRecords(40));
    mirror.setFolder('npm', [npmRecord('GHSA-aaaa-bbbb-cccc', '2024-01-01T00:00:00Z')]);
    harness.clock = new Date('2026-08-22T00:00:00Z');
  });
  afterEach(() => mirror.stop());

  const harness: SyncHarness = {
    get mirror() {
      return mirror;
    },
    get root() {
      return root;
    },
    get database() {
      return opened();
    },
    clock: new Date(0),
    sync: (sources, options) =>
      syncAdvisories({
        connection: opened(),
        sources: { roots: [root], ...sources },
        now: () => harness.clock,
        reading: { attemptsMax: 1 },
        ...options,
      }),
    acknowledged: async (result) => {
      await acknowledgeChanges(opened().db, result);
      return result;
    },
    feedOf: async (name) => (await readFeedStatus(opened().db)).find((feed) => feed.name === name),
    idsFor: async (...names) => {
      const candidates = await readCandidates(opened().db, { ecosystem: 'Alpine', names });
      return candidates.map((candidate) => candidate.advisoryId);
    },
  };
  return harness;
}
