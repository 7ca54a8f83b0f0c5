import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFeedHistory } from '../advisories/feed-history.ts';
import { readPendingChanges } from '../advisories/feeds/pending-changes.ts';
import { syncAdvisories } from '../advisories/feeds/sync-advisories.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { alpineRecord, alpineRecords } from '../testing/samples/osv-fixtures.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { type MirrorRecord, StaticMirror } from '../testing/static-mirror.ts';
import { reMatch } from './matches/re-match.ts';
import { ImageFactsStore } from './reports/image-facts-store.ts';

const held = ['1001', '5000', '5001', '5002'];
const image = buildImage({
  layers: [buildLayer(alpineFiles(Object.fromEntries(held.map((name) => [`package-${name}`, '1.0-r0']))))],
});
const modified = '2024-06-01T00:00:00Z';

let harness: ScanHarness;
const mirror = new StaticMirror();
let root: string;
let records = alpineRecords(40);
beforeAll(async () => {
  harness = await ScanHarness.start();
  root = await mirror.start();
  mirror.set('/ecosystems.txt', 'Alpine\n');
  mirror.setFolder('Alpine', records);
  await sync();
  await harness.push(await harness.addNamespace('demo'), image, { tag: '' });
  await harness.scan(image.digest);
});
afterAll(async () => {
  await mirror.stop();
  await harness.close();
});

function add(...more: readonly MirrorRecord[]): void {
  const ids = more.map(({ id }) => id);
  records = [...more, ...records.filter(({ id }) => !ids.includes(id))];
  mirror.setFolder('Alpine', records);
}

async function sync(isFollowed = true): Promise<void> {
  const { database, now } = harness;
  await syncAdvisories({
    connection: database,
    sources: { roots: [root] },
    now,
    ...(isFollowed
      ? { follow: async (changes) => void (await reMatch(database, changes, { now: now() })) }
      : {}),
  });
}

async function newest() {
  const [update] = await readFeedHistory(harness.database.db, 'Alpine');
  return update;
}

async function findings(): Promise<readonly string[]> {
  const rows = await harness.database.db
    .selectFrom('package_match')
    .select('vulnerability_id')
    .where('resolved_at', 'is', null)
    .orderBy('vulnerability_id')
    .execute();
  return rows.map((row) => row.vulnerability_id);
}

describe('an update of a feed, followed', () => {
  it('drops what was withdrawn, and says in the history what came of it', async () => {
    expect(await findings()).toEqual(['CVE-2024-1001']);
    const withdrawn = { ...alpineRecord({ number: 1001, modified }), withdrawn: modified };
    add(withdrawn, alpineRecord({ number: 5000, modified }));
    await sync();
    expect(await findings()).toEqual(['CVE-2024-5000']);
    expect(await newest()).toMatchObject({
      changes: { added: 1, changed: 0, withdrawn: 1, vanished: 0 },
      effects: { packagesMatched: 2, findingsAdded: 1, findingsRemoved: 1, imagesTouched: 1 },
    });
  });

  it('touches nothing where nobody holds what it names', async () => {
    add(alpineRecord({ number: 6000, modified }));
    await sync();
    expect(await newest()).toMatchObject({
      changes: { added: 1 },
      effects: { packagesMatched: 0, findingsAdded: 0, findingsRemoved: 0, imagesTouched: 0 },
    });
  });

  it('counts nothing twice, and loses nothing, when it was killed on the way', async () => {
    add(alpineRecord({ number: 5001, modified }));
    await sync(false);
    expect((await newest())?.effects).toBeUndefined();
    const { db, pool } = harness.database;
    const gone = new pg.Pool(pool.options);
    await gone.end();
    const changes = await readPendingChanges(db);
    const dying = reMatch({ ...harness.database, pool: gone }, changes, { now: harness.now() });
    await expect(dying).rejects.toThrow(/after calling end/);
    expect((await newest())?.effects).toBeUndefined();
    await sync();
    expect((await newest())?.effects).toMatchObject({
      packagesMatched: 1,
      findingsAdded: 1,
      findingsRemoved: 0,
      imagesTouched: 1,
    });
  });

  it('names the version before until it is followed, and the one that is to come', async () => {
    const { db } = harness.database;
    const versionOf = async () => {
      const facts = new ImageFactsStore({ db, listener: harness.notifications, now: harness.now });
      const found = await facts.factsOf(image.digest);
      facts.close();
      return found?.feeds[0];
    };
    expect(await versionOf()).toMatchObject({ feed: 'Alpine', version: 4 });
    add(alpineRecord({ number: 5002, modified }));
    await sync(false);
    expect(await versionOf()).toMatchObject({ version: 4, nextVersion: 5 });
    await sync();
    expect(await versionOf()).toMatchObject({ version: 5 });
    expect((await versionOf())?.nextVersion).toBeUndefined();
  });
});
