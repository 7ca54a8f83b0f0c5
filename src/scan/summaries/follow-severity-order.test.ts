import { afterEach, beforeEach, expect, test } from 'vitest';
import { notify } from '../../database/notifications.ts';
import { buildImage, buildLayer } from '../../testing/samples/build-image.ts';
import {
  alpineFiles,
  type FeedRecord,
  storeFeedStatus,
  storeSmallFeed,
} from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { reMatch } from '../matches/re-match.ts';
import { followSeverityOrder } from './follow-severity-order.ts';

const today = new Date('2018-06-01T00:00:00Z');
const image = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
// The feeds that a test leaves out raise doubts.
const policy = { mode: 'enforce', states: { undetermined: 'allow' } };
const flaw: FeedRecord = { cve: 'CVE-2017-1', name: 'musl', severity: 'low', cvss: 'critical' };

let harness: ScanHarness;
let demo: number;
let rated: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  demo = await harness.addNamespace('demo', policy);
  rated = await harness.addNamespace('rated', policy);
  await storeSmallFeed(harness.database.db, [flaw]);
  await storeFeedStatus(harness.database.db, today);
});
afterEach(() => harness.close());

async function order(namespaceId: number, severityOrder: string | null): Promise<void> {
  await harness.database.db
    .updateTable('namespace')
    .set({ severity_order: severityOrder })
    .where('id', '=', namespaceId)
    .execute();
  await notify(harness.database.db, 'pratique_policy', String(namespaceId));
}

const follow = (namespaceId: number) => followSeverityOrder(harness.database.db, { namespaceId });
const counts = () =>
  harness.database.db
    .selectFrom('image_severity')
    .select(['severity_order', 'highest', 'critical', 'low'])
    .orderBy('severity_order')
    .execute();

/** Without the queue's help: a policy is read afresh, but its notification may still be on its way. */
async function verdictIn(namespaceId: number): Promise<string> {
  await harness.verdicts.policyOf(namespaceId);
  const question = { namespaceId, repository: 'app', digest: image.digest };
  return (await harness.verdicts.verdictOf(question)).verdict.kind;
}

test('a pull follows another order at once, without a layer being read or the namespace being counted again', async () => {
  for (const namespaceId of [demo, rated]) await harness.push(namespaceId, image, {});
  await harness.scan(image.digest);
  let reads = 0;
  harness.onRead = async () => {
    reads += 1;
  };
  expect([await verdictIn(demo), await verdictIn(rated)]).toEqual(['allow', 'allow']);
  await order(rated, 'cvss-v3,vendor');
  await expect.poll(() => verdictIn(rated)).toBe('block');
  expect(await verdictIn(demo)).toBe('allow');
  expect(await counts()).toEqual([]);
  expect(await follow(rated)).toBe(1);
  expect(await counts()).toEqual([
    { severity_order: 'cvss-v3,vendor', highest: 'critical', critical: 1, low: 0 },
  ]);
  expect(reads).toBe(0);
});

test('scans, pushes of what is known and re-matches keep the counts of every order in use', async () => {
  const { db } = harness.database;
  await harness.push(demo, image, {});
  await harness.scan(image.digest);
  await order(rated, 'cvss-v3');
  await follow(rated);
  expect(await counts()).toEqual([]);
  await harness.push(rated, image, {});
  const low = { severity_order: 'cvss-v3', highest: 'low', critical: 0, low: 1 };
  const critical = { ...low, highest: 'critical', critical: 1, low: 0 };
  expect(await counts()).toEqual([critical]);
  await storeSmallFeed(db, [{ ...flaw, cvss: 'low' }]);
  const changes = {
    changedAdvisoryIds: [],
    changedCves: [],
    changedPackages: [{ ecosystem: 'Alpine', name: 'musl' }],
  };
  await reMatch(harness.database, changes, { now: today });
  expect(await counts()).toEqual([low]);
  await db.deleteFrom('image_severity').execute();
  await harness.scan(image.digest);
  expect(await counts()).toEqual([low]);
  // Until the namespace is counted by its new order, its lists need the former one.
  await order(rated, 'vendor,ecosystem');
  await harness.scan(image.digest);
  expect(await counts()).toMatchObject([
    { severity_order: 'cvss-v3' },
    { severity_order: 'vendor,ecosystem' },
  ]);
  await follow(rated);
  expect(await counts()).toMatchObject([{ severity_order: 'vendor,ecosystem' }]);
});

test('a match of an older version keeps its severity until it is matched again', async () => {
  await harness.push(rated, image, {});
  await harness.scan(image.digest);
  await harness.database.db.updateTable('match_detail').set({ source_severities: null }).execute();
  await order(rated, 'cvss-v3');
  await follow(rated);
  expect(await counts()).toMatchObject([{ highest: 'low' }]);
  await harness.database.db.updateTable('package').set({ matching_version: 1 }).execute();
  const none = { changedAdvisoryIds: [], changedCves: [], changedPackages: [] };
  await reMatch(harness.database, none, { now: today });
  expect(await counts()).toMatchObject([{ highest: 'critical' }]);
});
