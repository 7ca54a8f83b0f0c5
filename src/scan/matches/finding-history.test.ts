import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../../testing/samples/build-image.ts';
import {
  alpineFiles,
  type FeedRecord,
  storeFeedStatus,
  storeSmallFeed,
} from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { listFindingChanges, readResolvedFindings } from './finding-history.ts';
import { forgetMatchChanges } from './forget-match-changes.ts';
import { reMatch } from './re-match.ts';

const musl = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
const zlib = buildImage({ layers: [buildLayer(alpineFiles({ zlib: '1.2.11-r0' }))] });
const known: FeedRecord = { cve: 'CVE-2017-1', name: 'musl', severity: 'high' };

let harness: ScanHarness;

beforeEach(async () => {
  harness = await ScanHarness.start();
  const namespaceId = await harness.addNamespace('demo');
  await storeSmallFeed(harness.database.db, [known]);
  await storeFeedStatus(harness.database.db, new Date());
  for (const image of [musl, zlib]) {
    await harness.push(namespaceId, image, { tag: '' });
    await harness.scan(image.digest);
  }
});
afterEach(() => harness.close());

async function follow(...records: readonly FeedRecord[]): Promise<void> {
  await storeSmallFeed(harness.database.db, records);
  await reMatch(
    harness.database,
    {
      changedAdvisoryIds: records.map(({ cve }) => `ALPINE-${cve}`),
      changedCves: [],
      changedPackages: records.map(({ name }) => ({ ecosystem: 'Alpine', name })),
    },
    { now: new Date() },
  );
}

const changesOf = async (digest: string) =>
  (await listFindingChanges(harness.database.db, { digest, limit: 10 })).items;

const firstSeenOf = async () => {
  const facts = await harness.facts.factsOf(musl.digest);
  return facts?.packages[0]?.vulnerabilities[0]?.firstSeenAt;
};

describe('the history of findings', () => {
  it('tells of each image what became of its packages, whether or not anybody asked to be told', async () => {
    await follow(
      { ...known, severity: 'critical', fixed: '1.1.16-r11' },
      { cve: 'CVE-2018-9', name: 'zlib' },
    );
    expect(await changesOf(musl.digest)).toMatchObject([
      { change: 'severity-changed', id: 'CVE-2017-1', previousSeverity: 'high', severity: 'critical' },
      { change: 'became-fixable', fixedVersion: '1.1.16-r11', package: { name: 'musl' } },
    ]);
    expect(await changesOf(zlib.digest)).toMatchObject([{ change: 'added', id: 'CVE-2018-9' }]);
    const all = await listFindingChanges(harness.database.db, { limit: 2 });
    expect(all).toMatchObject({ total: 3, isMore: false });
    const rest = await listFindingChanges(harness.database.db, { limit: 2, before: all.items[1]?.key });
    expect(rest.items).toHaveLength(1);
  });

  it('leaves out what a source that does not decide rates otherwise, by the order of whoever asks', async () => {
    await follow({ ...known, cvss: 'medium' });
    await follow({ ...known, cvss: 'low' });
    expect(await changesOf(musl.digest)).toEqual([]);
    const { db } = harness.database;
    const byCvss = { digest: musl.digest, limit: 10, severityOrder: ['cvss-v3', 'vendor'] as const };
    expect(await listFindingChanges(db, byCvss)).toMatchObject({
      total: 2,
      items: [
        { change: 'severity-changed', previousSeverity: 'medium', severity: 'low' },
        { change: 'severity-changed', severity: 'low' },
      ],
    });
    await follow({ ...known, severity: 'critical', cvss: 'low' });
    expect(await changesOf(musl.digest)).toMatchObject([{ previousSeverity: 'high', severity: 'critical' }]);
  });

  it('keeps when a finding was first seen through scans and re-matches, and shows when it went', async () => {
    const { db } = harness.database;
    const first = await firstSeenOf();
    await follow({ ...known, withdrawn: true });
    expect(await readResolvedFindings(db, musl.digest)).toMatchObject([
      { id: 'CVE-2017-1', severity: 'high', package: { name: 'musl' }, resolvedAt: expect.any(Date) },
    ]);
    expect(await readResolvedFindings(db, zlib.digest)).toEqual([]);
    await follow({ ...known });
    await harness.scan(musl.digest);
    expect(await readResolvedFindings(db, musl.digest)).toEqual([]);
    expect(await firstSeenOf()).toEqual(first);
    expect((await changesOf(musl.digest)).map(({ change }) => change)).toEqual(['added', 'removed']);
  });

  it('goes by age, but for what is still to be told', async () => {
    const { db, pool } = harness.database;
    await follow({ ...known, severity: 'low' }, { cve: 'CVE-2018-9', name: 'zlib' });
    await pool.query(`update match_change set at = now() - interval '91 days'`);
    await pool.query('update match_change set untold = true where change = $1', ['added']);
    expect(await forgetMatchChanges(db, { olderThanDays: 90 })).toBe(1);
    expect((await listFindingChanges(db, { limit: 10 })).items).toMatchObject([{ change: 'added' }]);
  });
});
