import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../../testing/samples/build-image.ts';
import { matchedRows } from '../../testing/samples/matched-rows.ts';
import {
  alpineFiles,
  type FeedRecord,
  storeFeedStatus,
  storeSmallFeed,
} from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { lockMatching } from './match-lock.ts';
import { reMatch } from './re-match.ts';

const today = new Date('2018-06-01T00:00:00Z');
const withMusl = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }))] });
const withoutMusl = buildImage({ layers: [buildLayer(alpineFiles({ busybox: '1.26.2-r4' }))] });
const known: FeedRecord = { cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11' };

let harness: ScanHarness;

beforeEach(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  const namespaceId = await harness.addNamespace('demo');
  await storeSmallFeed(harness.database.db, [known]);
  await storeFeedStatus(harness.database.db, today);
  for (const image of [withMusl, withoutMusl]) {
    await harness.push(namespaceId, image, { tag: '' });
    await harness.scan(image.digest);
  }
});
afterEach(() => harness.close());

const follow = (changes: {
  packages?: readonly string[];
  cves?: readonly string[];
  records?: readonly string[];
}) =>
  reMatch(
    harness.database,
    {
      changedAdvisoryIds: changes.records ?? [],
      changedVulnerabilityIds: (changes.records ?? []).map((id) => id.replace('ALPINE-', '')),
      changedCves: changes.cves ?? [],
      changedPackages: (changes.packages ?? []).map((name) => ({ ecosystem: 'Alpine', name })),
    },
    { now: today },
  );

const summaryOf = (digest: string) =>
  harness.database.db
    .selectFrom('image_summary')
    .selectAll()
    .where('manifest_digest', '=', digest)
    .executeTakeFirstOrThrow();

const matchesOf = () =>
  harness.database.db
    .selectFrom('package_match')
    .select(['vulnerability_id', 'severity', 'first_seen_at', 'resolved_at'])
    .orderBy('vulnerability_id')
    .execute();

describe('reMatch()', () => {
  it('finds a new vulnerability without reading a layer, and rewrites only the images that hold the package', async () => {
    let reads = 0;
    harness.onRead = async () => {
      reads += 1;
    };
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2018-9', name: 'zlib', severity: 'critical' }]);
    expect(await follow({ packages: ['zlib'] })).toEqual({
      packages: 1,
      changedPackages: 1,
      imagesRead: 2,
      images: 1,
    });
    expect(reads).toBe(0);
    expect(await summaryOf(withMusl.digest)).toMatchObject({
      revision: 2,
      highest: 'critical',
      critical: 1,
      high: 1,
    });
    expect(await summaryOf(withoutMusl.digest)).toMatchObject({ revision: 1, highest: null });
    const facts = (await harness.facts.factsOfMany([withMusl.digest])).get(withMusl.digest);
    const found = facts?.packages.find(({ name }) => name === 'zlib')?.vulnerabilities[0];
    expect(found?.fixState).toBe('not-fixed');
    expect(found?.firstSeenAt.getTime()).toBeGreaterThan(
      facts?.firstJudgedAt?.getTime() ?? Number.POSITIVE_INFINITY,
    );
  });

  it('drops the cached facts on every replica', async () => {
    expect((await harness.facts.factsOf(withMusl.digest))?.packages).toHaveLength(1);
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2018-9', name: 'zlib' }]);
    await follow({ packages: ['zlib'] });
    await expect.poll(async () => (await harness.facts.factsOf(withMusl.digest))?.packages.length).toBe(2);
  });

  it('tells servers of new matches by the version that they are of, and of the end of an update', async () => {
    const heard: string[] = [];
    harness.notifications.subscribe('pratique_facts', (payload) => {
      if (!payload.startsWith('image:')) heard.push(payload); // of the scans before
    });
    await expect.poll(() => harness.notifications.isListening()).toBe(true);
    const changes = {
      changedAdvisoryIds: [],
      changedCves: [],
      changedPackages: [{ ecosystem: 'Alpine', name: 'zlib' }],
    };
    await reMatch(
      harness.database,
      { ...changes, updates: [{ id: 1, feed: 'Alpine', version: 2 }] },
      { now: today },
    );
    await reMatch(harness.database, changes, { now: today });
    await reMatch(harness.database, { ...changes, changedPackages: [] }, { now: today });
    await expect.poll(() => heard).toEqual(['versions', 'images', 'feed', 'images', 'images']);
  });

  it('resolves what an advisory no longer says, and remembers when it was first seen if it says so again', async () => {
    const [before] = await matchesOf();
    await storeSmallFeed(harness.database.db, [{ ...known, withdrawn: true }]);
    await follow({ packages: ['musl'], records: ['ALPINE-CVE-2017-1'] });
    expect(await matchesOf()).toEqual([{ ...before, resolved_at: expect.any(Date) }]);
    expect(await summaryOf(withMusl.digest)).toMatchObject({ highest: null, high: 0 });
    await storeSmallFeed(harness.database.db, [known]);
    await follow({ packages: ['musl'] });
    expect(await matchesOf()).toEqual([before]);
  });

  it('adds nothing, changes nothing and reads no image when nothing changed (pains.md 11)', async () => {
    await follow({ packages: ['musl', 'zlib', 'busybox'] });
    const before = await matchedRows(harness.database.pool);
    for (let round = 0; round < 5; round += 1) {
      expect(await follow({ packages: ['musl', 'zlib', 'busybox'] })).toMatchObject({
        changedPackages: 0,
        imagesRead: 0,
        images: 0,
      });
    }
    expect(await matchedRows(harness.database.pool)).toEqual(before);
    expect(await matchesOf()).toHaveLength(1);
  });

  it('looks at the doubts again when what is known of a distribution without releases ends', async () => {
    const { db, pool } = harness.database;
    await pool.query(`update image_report set distribution = distribution - 'release'`);
    await follow({});
    expect(await follow({})).toMatchObject({ imagesRead: 0 });
    await db.deleteFrom('release_coverage').execute();
    await pool.query(`insert into release_coverage (ecosystem, release, record_count, data_end_at)
      values ('Alpine', '', 1000, '2018-01-01')`);
    expect(await follow({})).toMatchObject({ imagesRead: 2 });
  });

  it('reads no image for a delta that names no held package', async () => {
    await follow({});
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2018-7', name: 'openssl' }]);
    expect(await follow({ packages: ['openssl'], records: ['ALPINE-CVE-2018-7'] })).toEqual({
      packages: 0,
      changedPackages: 0,
      imagesRead: 0,
      images: 0,
    });
  });

  it('matches by what the changed records describe, and leaves the rest as it is', async () => {
    const { db } = harness.database;
    await storeSmallFeed(db, [
      { cve: 'CVE-2018-9', name: 'musl', severity: 'low' },
      { ...known, severity: 'critical' },
    ]);
    const [untouched] = await matchesOf();
    expect(await follow({ packages: ['musl'], records: ['ALPINE-CVE-2018-9'] })).toMatchObject({ images: 1 });
    expect(await matchesOf()).toMatchObject([untouched, { vulnerability_id: 'CVE-2018-9', severity: 'low' }]);
    expect(await follow({ packages: ['musl'], records: ['ALPINE-CVE-2017-1'] })).toMatchObject({ images: 1 });
    expect(await matchesOf()).toMatchObject([{ severity: 'critical' }, { severity: 'low' }]);
    expect(await summaryOf(withMusl.digest)).toMatchObject({ critical: 1, low: 1, high: 0 });
    expect(await db.selectFrom('package_count').selectAll().execute()).toMatchObject([
      { critical: 1, low: 1, high: 0, fixable: 1, known_exploited: 0, undetermined: 0 },
    ]);
    const noted = await db.selectFrom('match_change').select(['change', 'previous_severity']).execute();
    expect(noted).toEqual([
      { change: 'added', previous_severity: null },
      { change: 'severity-changed', previous_severity: 'high' },
    ]);
  });

  it('keeps the age of what a record names by a CVE first, and another by its GHSA alone until it goes', async () => {
    const { db, pool } = harness.database;
    const ghsa = 'GHSA-aaaa-bbbb-cccc';
    const longAgo = new Date('2017-11-01T00:00:00Z');
    await storeSmallFeed(db, [{ id: ghsa, cve: ghsa, name: 'zlib' }]);
    await follow({ packages: ['zlib'], records: [ghsa] });
    await pool.query('update stored_match set first_seen_at = $1', [longAgo]);
    await db.deleteFrom('match_change').execute();
    await storeSmallFeed(db, [{ cve: 'CVE-2018-9999', aliases: [ghsa], name: 'zlib' }]);
    await follow({ packages: ['zlib'], records: ['ALPINE-CVE-2018-9999'] });
    const standing = { first_seen_at: longAgo, resolved_at: null };
    expect(await matchesOf()).toMatchObject([
      { vulnerability_id: 'CVE-2017-1' },
      { vulnerability_id: 'CVE-2018-9999', ...standing },
      { vulnerability_id: ghsa, ...standing },
    ]);
    await storeSmallFeed(db, [{ id: ghsa, cve: ghsa, name: 'zlib', withdrawn: true }]);
    await follow({ packages: ['zlib'], records: [ghsa] });
    expect(await matchesOf()).toMatchObject([
      { vulnerability_id: 'CVE-2017-1' },
      { vulnerability_id: 'CVE-2018-9999', ...standing },
    ]);
    expect(await db.selectFrom('match_change').selectAll().execute()).toEqual([]);
  });

  it('rewrites with its next run the images that it did not come to (F1)', async () => {
    const { db, pool } = harness.database;
    await storeSmallFeed(db, [{ cve: 'CVE-2018-9', name: 'zlib', severity: 'critical' }]);
    const gone = new pg.Pool(pool.options);
    await gone.end();
    const changes = {
      changedAdvisoryIds: [],
      changedCves: [],
      changedPackages: [{ ecosystem: 'Alpine', name: 'zlib' }],
    };
    await expect(reMatch({ ...harness.database, pool: gone }, changes, { now: today })).rejects.toThrow(
      /after calling end/,
    );
    expect(await matchesOf()).toHaveLength(2);
    expect(await summaryOf(withMusl.digest)).toMatchObject({ critical: 0 });
    expect(await follow({ packages: ['zlib'] })).toMatchObject({ changedPackages: 1, images: 1 });
    expect(await summaryOf(withMusl.digest)).toMatchObject({ critical: 1 });
    expect(await follow({ packages: ['zlib'] })).toMatchObject({ changedPackages: 0, images: 0 });
  });

  it('matches again what was matched by older rules, once', async () => {
    const { db } = harness.database;
    await db.updateTable('match_detail').set({ status: 'undetermined' }).execute();
    await db.updateTable('package').set({ matching_version: 0 }).execute();
    expect(await follow({})).toMatchObject({ packages: 3, changedPackages: 1 });
    const [renewed] = await db.selectFrom('package_match').select('status').execute();
    expect(renewed?.status).toBe('affected');
    expect(await follow({})).toMatchObject({ packages: 0, changedPackages: 0 });
  });

  it('tells servers of what newer rules say as it is stored, though it is killed before its end', async () => {
    const { db, pool } = harness.database;
    const heard: string[] = [];
    harness.notifications.subscribe('pratique_facts', (payload) => {
      if (!payload.startsWith('image:')) heard.push(payload); // of the scans before
    });
    await expect.poll(() => harness.notifications.isListening()).toBe(true);
    await db.updateTable('package').set({ matching_version: 0 }).execute();
    const exploited = { cve: 'CVE-2018-5', added_on: '2018-05-01', due_on: null, ransomware: false };
    await db
      .insertInto('known_exploited')
      .values({ ...exploited, details: '{}' })
      .execute();
    await pool.query('alter table known_exploited add constraint stops check (followed_at is null)');
    await expect(follow({})).rejects.toThrow(/stops/);
    await expect.poll(() => heard).toEqual(['feed']);
  });

  it('follows a CVE that is rated anew or listed as exploited', async () => {
    await harness.database.db
      .insertInto('known_exploited')
      .values({ cve: 'CVE-2017-1', added_on: '2018-05-01', due_on: null, ransomware: false, details: '{}' })
      .execute();
    await follow({ cves: ['CVE-2017-1'] });
    expect(await summaryOf(withMusl.digest)).toMatchObject({ known_exploited: 1, revision: 2 });
  });

  it('renews the doubts of all images when a feed is confirmed again', async () => {
    const later = new Date(today.getTime() + 30 * 86_400_000);
    const stale = await reMatch(
      harness.database,
      { changedAdvisoryIds: [], changedCves: [], changedPackages: [] },
      { now: later },
    );
    expect(stale.images).toBe(2);
    expect(await summaryOf(withoutMusl.digest)).toMatchObject({ undetermined: true });
    expect((await follow({})).images).toBe(2);
    expect(await summaryOf(withoutMusl.digest)).toMatchObject({ undetermined: false, doubts: [] });
  });

  it('forgets the changes that it has followed', async () => {
    await harness.database.db
      .insertInto('pending_change')
      .values({ kind: 'package', ecosystem: 'Alpine', name: 'zlib' })
      .execute();
    await follow({ packages: ['zlib'] });
    expect(await harness.database.db.selectFrom('pending_change').selectAll().execute()).toEqual([]);
  });

  it('keeps the changes when it fails, and those that come while it runs', async () => {
    const { db, pool } = harness.database;
    const insert = `insert into pending_change values ('package', 'Alpine', 'zlib') on conflict do nothing`;
    await pool.query(insert);
    await pool.query('alter table stored_match rename to gone');
    await expect(follow({ packages: ['zlib'] })).rejects.toThrow();
    await pool.query('alter table gone rename to stored_match');
    expect(await db.selectFrom('pending_change').selectAll().execute()).toHaveLength(1);
    let ends: readonly Promise<unknown>[] = [];
    await db.transaction().execute(async (scan) => {
      await lockMatching(scan); // the re-match waits for it
      const running = follow({ packages: ['zlib'] });
      await expect
        .poll(async () => {
          // It waits for the scan only when it has taken the changes that it will forget.
          const waits = await pool.query(`select from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`);
          return waits.rowCount;
        })
        .toBeGreaterThan(0);
      ends = [running, pool.query(insert)];
    });
    await Promise.all(ends);
    expect(await db.selectFrom('pending_change').selectAll().execute()).toHaveLength(1);
  });

  it('leaves no scan behind that was matched while the feed changed', async () => {
    const { db } = harness.database;
    const late = buildImage({ layers: [buildLayer(alpineFiles({ zlib: '1.2.11-r1' }))] });
    await harness.push(await harness.addNamespace('late'), late);
    await storeSmallFeed(db, [{ cve: 'CVE-2018-9', name: 'zlib' }]);
    await Promise.all([harness.scan(late.digest), follow({ packages: ['zlib'] })]);
    expect(await summaryOf(late.digest)).toMatchObject({ high: 1 });
    expect(await summaryOf(withMusl.digest)).toMatchObject({ high: 2 });
  });
});
