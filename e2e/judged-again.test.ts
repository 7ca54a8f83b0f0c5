import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Candidate, readCandidates } from '../src/advisories/candidates.ts';
import { readCveRatings } from '../src/advisories/cve-ratings.ts';
import { readFeedKnowledge } from '../src/advisories/feed-doubts.ts';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { advisedNames } from '../src/matching/installed-as.ts';
import type { Package } from '../src/report/package.ts';
import { internPackages } from '../src/scan/intern-packages.ts';
import { matchNewPackages } from '../src/scan/matches/match-new-packages.ts';
import { matchPackage } from '../src/scan/matches/match-package.ts';
import { reMatch } from '../src/scan/matches/re-match.ts';
import { readPackageFacts } from '../src/scan/matches/read-package-facts.ts';
import { packIds } from '../src/scan/reports/packed-ids.ts';
import { imageDoubts } from '../src/scan/summaries/image-doubts.ts';
import { summarise } from '../src/scan/summaries/summarise.ts';
import { summaryRow } from '../src/scan/write-report.ts';
import { matchedRows } from '../src/testing/samples/matched-rows.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { storeImage } from '../src/testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../src/testing/temporary-database.ts';
import { startTestDatabaseServer, type TestDatabaseServer } from '../src/testing/test-database-server.ts';
import { orderOf } from '../src/versions/order-of.ts';
import { RandomFeed } from './random-feed.ts';

const rounds = 12;
const imageCount = 300;
const packagesPerImage = 12;
const feedAgeMaxDays = 5;
const now = new Date('2026-08-22T00:00:00Z');

let server: TestDatabaseServer;
let database: TemporaryDatabase;
const mirror = new StaticMirror();

beforeAll(async () => {
  server = await startTestDatabaseServer();
  database = await createTemporaryDatabase(server.config);
});
afterAll(async () => {
  await mirror.stop();
  await database.close();
  await server.stop();
});

it('leaves after each random delta exactly what judging everything from the start gives', async () => {
  const feed = new RandomFeed(20260822);
  const root = await mirror.start();
  const bring = () => bringFeeds(root, feed);
  await bring();
  const { packages, ids } = await storePackages(feed);
  const images = await storeImages(feed, ids);
  await database.pool.query('delete from doubts_pass');
  for (let round = 0; round <= rounds; round += 1) {
    if (round > 0) feed.change();
    await bring();
    const matches = await storedMatches();
    expect(packages.map((_, nth) => matches.get(ids[nth] ?? 0) ?? [])).toEqual(await matchedAnew(packages));
    expect(await storedSummaries()).toEqual(await summarisedAnew(images));
  }
  // That so much came and went is why it means something.
  const { rows } = await database.pool.query<{ change: string }>('select distinct change from match_change');
  expect(rows.map(({ change }) => change).sort()).toEqual([
    ...['added', 'became-fixable', 'known-exploited', 'removed', 'severity-changed'],
  ]);
  // A quarter of a minute on a quiet machine.
}, 600_000);

it('writes no row when the same advisories are matched 100 times more (pains.md 11)', async () => {
  const { rows: changedPackages } = await database.pool.query<{ ecosystem: string; name: string }>(
    'select distinct ecosystem, name from advisory_package',
  );
  const changes = { changedAdvisoryIds: [], changedVulnerabilityIds: [], changedCves: [], changedPackages };
  const again = () => reMatch(database, changes, { now, feedAgeMaxDays });
  expect((await again()).packages).toBeGreaterThan(100);
  const before = await matchedRows(database.pool);
  for (let round = 0; round < 100; round += 1)
    expect(await again()).toMatchObject({ changedPackages: 0, imagesRead: 0, images: 0 });
  expect(await matchedRows(database.pool)).toEqual(before);
}, 600_000);

async function bringFeeds(root: string, feed: RandomFeed): Promise<void> {
  feed.writeTo(mirror);
  const { feeds } = await syncAdvisories({
    connection: database,
    sources: { roots: [root], kev: `${root}/kev.json` },
    now: () => now,
    reading: { attemptsMax: 1 },
    follow: async (changes) => {
      await reMatch(database, changes, { now, feedAgeMaxDays });
    },
  });
  expect(feeds.filter(({ kind }) => kind === 'failed')).toEqual([]);
}

async function storePackages(
  feed: RandomFeed,
): Promise<{ readonly packages: readonly Package[]; readonly ids: readonly number[] }> {
  const packages = feed.packages();
  const ids = await internPackages(database.db, packages);
  await matchNewPackages(database.db, ids);
  return { packages, ids };
}

interface HeldImage {
  readonly digest: string;
  readonly ids: readonly number[];
}

/** Each has some of the packages, and a summary that says nothing yet. */
async function storeImages(feed: RandomFeed, ids: readonly number[]): Promise<readonly HeldImage[]> {
  const { db, pool } = database;
  const { id: namespaceId } = await db
    .insertInto('namespace')
    .values({ name: 'demo' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const images: HeldImage[] = [];
  for (let nth = 0; nth < imageCount; nth += 1) {
    const { digest } = await storeImage(db, {
      namespaceId,
      repository: 'app',
      content: `image ${nth}`,
      packages: [],
    });
    const own = [...new Set(Array.from({ length: packagesPerImage }, () => feed.oneOf(ids)))].sort(
      (a, b) => a - b,
    );
    await pool.query(
      `update image_report set package_set = $2, ecosystems = $3, distribution = $4 where manifest_digest = $1`,
      [digest, packIds(own), feed.ecosystems, JSON.stringify(feed.distribution)],
    );
    images.push({ digest, ids: own });
  }
  return images;
}

/** What stands against each package, by vulnerability. */
async function storedMatches(): Promise<ReadonlyMap<number, readonly unknown[]>> {
  const { rows } = await database.pool.query<{ package_id: number; match: object }>(
    `select package_id, jsonb_build_object('id', vulnerability_id, 'record', advisory_id, 'aliases', aliases,
       'undetermined', status = 'undetermined', 'sourceSeverities', source_severities, 'fixedVersion', fixed_version,
       'fixState', fix_state) as match
     from package_match where resolved_at is null order by vulnerability_id collate "C"`,
  );
  const byPackage = Map.groupBy(rows, ({ package_id: id }) => id);
  return new Map([...byPackage].map(([id, own]) => [id, own.map(({ match }) => match)]));
}

/** By all that is held, each pair of versions compared by itself. */
async function matchedAnew(packages: readonly Package[]): Promise<readonly (readonly unknown[])[]> {
  const { db } = database;
  const candidates: Candidate[] = [];
  for (const [ecosystem, own] of Map.groupBy(packages, (one) => one.ecosystem))
    candidates.push(...(await readCandidates(db, { ecosystem, names: own.flatMap(advisedNames) })));
  const described = candidates.flatMap(({ vulnerabilities }) => vulnerabilities);
  const ratings = await readCveRatings(
    db,
    described.flatMap(({ id, aliases }) => [id, ...aliases]),
  );
  return packages.map((installed) => {
    const own = candidates.filter(
      ({ ecosystem, name }) => ecosystem === installed.ecosystem && advisedNames(installed).includes(name),
    );
    const order = orderOf(installed.ecosystem);
    const plain =
      order === undefined ? undefined : { compare: (a: string, b: string) => order.compare(a, b) };
    return matchPackage({ package: installed, candidates: own, ratings, order: plain })
      .map((match) => ({ ...match, fixedVersion: match.fixedVersion ?? null }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  });
}

async function storedSummaries(): Promise<ReadonlyMap<string, unknown>> {
  const { rows } = await database.pool.query<{ digest: string; summary: object }>(
    `select manifest_digest as digest, jsonb_build_object('manifest_digest', manifest_digest, 'highest', highest,
       'critical', critical, 'high', high, 'medium', medium, 'low', low, 'negligible', negligible, 'unknown', unknown,
       'fixable', fixable, 'known_exploited', known_exploited, 'undetermined', undetermined, 'doubts', doubts) as summary
     from image_summary`,
  );
  return new Map(rows.map(({ digest, summary }) => [digest, summary]));
}

/** As a scan writes them. */
async function summarisedAnew(images: readonly HeldImage[]): Promise<ReadonlyMap<string, unknown>> {
  const { db, pool } = database;
  const { rows } = await pool.query(
    'select manifest_digest, distribution, ecosystems, doubts from image_report',
  );
  const reports = new Map(rows.map((row) => [row.manifest_digest, row]));
  const facts = await readPackageFacts(db, [...new Set(images.flatMap(({ ids }) => ids))]);
  const knowledge = await readFeedKnowledge(db);
  return new Map(
    images.map(({ digest, ids }) => {
      const { doubts: own, distribution, ecosystems } = reports.get(digest);
      const packages = ids.flatMap((id) => facts.get(id) ?? []);
      const doubts = imageDoubts({
        own,
        distribution,
        ecosystems,
        newestAt: undefined,
        packages,
        knowledge,
        now,
        feedAgeMaxDays,
      });
      const row = summaryRow(digest, summarise(packages), doubts);
      return [digest, { ...row, doubts: JSON.parse(row.doubts) }];
    }),
  );
}
