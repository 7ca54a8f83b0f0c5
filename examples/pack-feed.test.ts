import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCandidates } from '../src/advisories/candidates.ts';
import { feedDoubts } from '../src/advisories/feed-doubts.ts';
import { isFeedStale, readFeedStatus } from '../src/advisories/feed-status.ts';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../src/testing/temporary-database.ts';
import { packFeed } from './pack-feed.ts';

describe('the sample feed of the demo', () => {
  const now = new Date('2026-09-01T00:00:00Z');
  let folder: string;
  let database: TemporaryDatabase;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sample-feed-'));
    database = await createTemporaryDatabase();
    await packFeed(folder, now);
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const sync = () =>
    syncAdvisories({
      connection: database,
      sources: { roots: [folder], kev: join(folder, 'kev.json'), epss: join(folder, 'epss.csv.gz') },
      now: () => now,
    });

  it('is a mirror without a bad record, whose list agrees with its zip', async () => {
    expect((await sync()).feeds).toEqual([
      { name: 'Alpine', kind: 'updated', records: 20, skipped: 0 },
      { name: 'Debian', kind: 'updated', records: 19, skipped: 0 },
      { name: 'npm', kind: 'updated', records: 18, skipped: 0 },
      { name: 'KEV', kind: 'updated', records: 1, skipped: 0 },
      { name: 'EPSS', kind: 'updated', records: 57, skipped: 0 },
    ]);
    expect((await sync()).feeds.every((feed) => feed.kind === 'unchanged')).toBe(true);
    const feeds = await readFeedStatus(database.db);
    expect(feeds.filter((feed) => isFeedStale(feed, { now, feedAgeMaxDays: 5 }))).toEqual([]);
  });

  it('rates every record', async () => {
    const names = ['musl', 'curl', 'lodash', 'jsonwebtoken', 'openssl', 'zlib', 'expat'];
    for (const ecosystem of ['Alpine', 'Debian', 'npm']) {
      const candidates = await readCandidates(database.db, { ecosystem, names });
      expect(candidates.length).toBeGreaterThan(0);
      expect(candidates.every((candidate) => candidate.ratings.length > 0)).toBe(true);
    }
  });

  it.each([
    ['Alpine', 'v3.6'],
    ['Debian', '11'],
  ])('covers %s %s', async (ecosystem, release) => {
    const distribution = { id: 'x', versionId: 'x', prettyName: 'x', ecosystem, release };
    expect(
      await feedDoubts(database.db, { distribution, ecosystems: ['npm'], now, feedAgeMaxDays: 5 }),
    ).toEqual([]);
  });
});
