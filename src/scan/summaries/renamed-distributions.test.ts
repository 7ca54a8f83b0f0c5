import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../../testing/samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { reMatch } from '../matches/re-match.ts';
import { queueRenamed } from '../queue-scan.ts';

const today = new Date('2018-06-01T00:00:00Z');
const image = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });

let harness: ScanHarness;

beforeEach(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  await storeSmallFeed(harness.database.db, [
    { cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11', severity: 'high' },
  ]);
  await storeFeedStatus(harness.database.db, today);
  await harness.push(await harness.addNamespace('demo'), image, { tag: '' });
  await harness.scan(image.digest);
});
afterEach(() => harness.close());

/** As a version left it that knew no advisories for the distribution. */
async function forgetDistribution(): Promise<void> {
  await harness.database.pool.query(`
    delete from stored_match;
    update package set ecosystem = 'apk', release = '';
    update image_report set distribution = distribution - 'ecosystem' - 'release', ecosystems = '{apk}',
      doubts = '[{"code":"unsupported-distribution","message":"No advisories are known for Alpine Linux v3.6"}]';
    update doubts_pass set knowledge = '';`);
  await harness.database.pool.query(`notify pratique_facts, 'images'`);
}

const follow = () =>
  reMatch(
    harness.database,
    { changedAdvisoryIds: [], changedCves: [], changedPackages: [] },
    { now: today, onRenamed: (digests) => queueRenamed(harness.database.db, harness.queue, digests) },
  );

const judged = async () => {
  const { rows } = await harness.database.pool.query<{ doubts: { message: string }[]; high: number }>(
    'select doubts, high from image_summary',
  );
  return rows.map(({ doubts, high }) => ({ doubts: doubts.map(({ message }) => message), high }));
};

const queued = async () =>
  (
    await harness.database.pool.query(
      `select place_reason from image_scan where state = 'queued' and category = 'vulnerabilities'`,
    )
  ).rows;

it('an image of a distribution that has advisories since its scan is judged by them, and no layer is read', async () => {
  await forgetDistribution();
  let reads = 0;
  harness.onRead = async () => {
    reads += 1;
  };
  await follow();
  expect((await judged())[0]?.doubts).toEqual([
    'Advisories for Alpine Linux v3.6 are known since the last scan of the image: the next one judges by them',
  ]);
  expect(await queued()).toEqual([{ place_reason: 'distribution' }]);
  const readsBefore = reads;
  await harness.scan(image.digest);
  expect(await judged()).toEqual([{ doubts: [], high: 1 }]);
  expect(reads - readsBefore).toBeLessThanOrEqual(1); // its config
  await follow();
  expect(await queued()).toEqual([]);
});
