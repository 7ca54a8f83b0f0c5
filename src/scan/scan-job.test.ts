import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { cancelScan, queueScan, queueUnscanned } from './queue-scan.ts';
import { readReportDetails } from './reports/report-details.ts';
import { settleAbandonedScans } from './settle-abandoned-scans.ts';

const today = new Date('2018-06-01T00:00:00Z');
const base = buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }));
const packageJson = (name: string, version: string) => JSON.stringify({ name, version });

let harness: ScanHarness;
let namespaceId: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  namespaceId = await harness.addNamespace('demo');
  await storeSmallFeed(harness.database.db, [
    { cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11', severity: 'critical' },
    { cve: 'CVE-2017-2', name: 'zlib', fixed: '1.2.10-r0' },
    { cve: 'CVE-2017-3', name: 'musl', release: 'v3.5' },
  ]);
  await storeFeedStatus(harness.database.db, today);
});
afterEach(() => harness.close());

const reportOf = (digest: string) =>
  harness.database.db
    .selectFrom('image_report')
    .selectAll()
    .where('manifest_digest', '=', digest)
    .executeTakeFirst();

const summaryOf = (digest: string) =>
  harness.database.db
    .selectFrom('image_summary')
    .selectAll()
    .where('manifest_digest', '=', digest)
    .executeTakeFirst();

describe('ScanJob', () => {
  it('inspects, interns, matches and summarises an image, exactly what the advisories say', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    expect(harness.failures).toEqual([]);
    expect(await harness.scanRow(image.digest)).toMatchObject({
      state: 'scanned',
      layers_total: 1,
      layers_done: 1,
      layers_read: 1,
    });
    expect(await summaryOf(image.digest)).toMatchObject({
      revision: 1,
      highest: 'critical',
      critical: 1,
      high: 0,
      fixable: 1,
      undetermined: false,
    });
    const facts = await harness.facts.factsOf(image.digest);
    expect(facts).toMatchObject({ kind: 'image', judged: true, doubts: [] });
    expect(facts?.packages).toMatchObject([
      {
        name: 'musl',
        version: '1.1.16-r10',
        vulnerabilities: [
          {
            id: 'CVE-2017-1',
            aliases: ['ALPINE-CVE-2017-1'],
            fixedVersion: '1.1.16-r11',
            fixState: 'fixed',
            severity: 'critical',
          },
        ],
      },
    ]);
    const report = await readReportDetails(harness.reports, image.digest);
    expect(
      report?.packages.map(({ package: { name }, place }) => [name, place.path, place.layerDigest]),
    ).toEqual([
      ['musl', 'lib/apk/db/installed', base.digest],
      ['zlib', 'lib/apk/db/installed', base.digest],
    ]);
  });

  it('reads only the new layers of a second image on the same base', async () => {
    const first = buildImage({ layers: [base] });
    const second = buildImage({
      layers: [base, { 'srv/node_modules/ws/package.json': packageJson('ws', '1.0.0') }],
    });
    for (const image of [first, second]) await harness.push(namespaceId, image, { tag: '' });
    await harness.scan(first.digest);
    const reads: string[] = [];
    harness.onRead = async (digest) => void reads.push(digest);
    await harness.scan(second.digest);
    expect(await harness.scanRow(second.digest)).toMatchObject({
      state: 'scanned',
      layers_total: 2,
      layers_done: 2,
      layers_read: 1,
    });
    expect(reads).not.toContain(base.digest);
  });

  it('keeps when an image was first judged and its findings first seen, and grows the revision', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    const before = await harness.facts.factsOf(image.digest);
    await harness.scan(image.digest);
    const after = await harness.facts.factsOf(image.digest);
    expect(after?.firstJudgedAt).toEqual(before?.firstJudgedAt);
    expect(after?.packages).toEqual(before?.packages);
    expect(await summaryOf(image.digest)).toMatchObject({ revision: 2 });
  });

  it('shows the last result while another scan runs, and after it failed', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    const { promise: reading, resolve: begin } = Promise.withResolvers<void>();
    const { promise: mayFail, resolve: fail } = Promise.withResolvers<void>();
    await harness.database.db.deleteFrom('layer_inspection').execute();
    harness.onRead = async () => {
      begin();
      await mayFail;
      throw new Error('the disk is gone');
    };
    const scan = harness.scan(image.digest);
    await reading;
    expect(await harness.facts.factsOf(image.digest)).toMatchObject({
      judged: true,
      states: { vulnerabilities: { state: 'scanning', lastResult: { state: 'scanned' } } },
      packages: [{ name: 'musl' }],
    });
    fail();
    await scan;
    await expect
      .poll(() => harness.facts.factsOf(image.digest))
      .toMatchObject({
        states: {
          vulnerabilities: {
            state: 'failed',
            problem: { phase: 'fetch', reason: 'the disk is gone (after 3 attempts)' },
            lastResult: { state: 'scanned' },
          },
        },
        packages: [{ name: 'musl' }],
      });
  });

  it('throws a failed attempt for the queue to repeat, and parks the last one with phase, reason and remedy', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    harness.blobs.clear();
    await expect(harness.scan(image.digest, 1)).rejects.toThrow(/fetch/);
    expect(await harness.scanRow(image.digest)).toMatchObject({ state: 'queued', problem: null });
    await harness.scan(image.digest, 3);
    expect(await harness.scanRow(image.digest)).toMatchObject({
      state: 'failed',
      problem: { phase: 'fetch' },
    });
    expect(await reportOf(image.digest)).toBeUndefined();
  });

  it('calls an image incomplete when a layer cannot be read whole, and says which', async () => {
    const torn = { ...base, bytes: base.bytes.subarray(0, base.bytes.length - 20) };
    const image = buildImage({ layers: [torn] });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    const row = await harness.scanRow(image.digest);
    expect(row.state).toBe('incomplete');
    expect(row.problem).toMatchObject({ phase: 'read-layer', reason: expect.stringContaining('layer 0') });
    expect((await harness.facts.factsOf(image.digest))?.states.vulnerabilities.lastResult?.state).toBe(
      'incomplete',
    );
  });

  it('reads a layer again that could not be read to its end: what was there need not be what its digest names', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    const torn = base.bytes.subarray(0, base.bytes.length - 20);
    harness.blobs.set(base.digest, torn);
    await harness.scan(image.digest);
    expect((await harness.scanRow(image.digest)).state).toBe('incomplete');
    harness.blobs.set(base.digest, base.bytes);
    await harness.scan(image.digest);
    expect(await harness.scanRow(image.digest)).toMatchObject({ state: 'scanned', layers_read: 1 });
  });

  it('never fetches a layer that is kept elsewhere: the image is incomplete', async () => {
    const foreign = { ...base, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' };
    const image = buildImage({ layers: [foreign] });
    await harness.push(namespaceId, image);
    const reads: string[] = [];
    harness.onRead = async (digest) => void reads.push(digest);
    await harness.scan(image.digest);
    expect((await harness.scanRow(image.digest)).state).toBe('incomplete');
    expect(reads).toEqual([image.configDigest]);
  });

  it('decides by content what is an artifact (threats.md P12, P13)', async () => {
    const json = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
    const document = { ...buildLayer(json, 'none'), mediaType: 'application/vnd.in-toto+json' };
    const disguised = { ...base, mediaType: 'application/vnd.in-toto+json' };
    const attestation = buildImage({ layers: [document] });
    const posing = buildImage({
      layers: [disguised],
      manifestFields: { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' },
    });
    for (const image of [attestation, posing]) {
      await harness.push(namespaceId, image, { tag: '', kind: 'artifact' });
      await harness.scan(image.digest);
    }
    expect(await harness.facts.factsOf(attestation.digest)).toMatchObject({
      kind: 'artifact',
      states: { vulnerabilities: { state: 'unsupported' } },
    });
    expect(await harness.facts.factsOf(posing.digest)).toMatchObject({
      states: { vulnerabilities: { lastResult: { state: 'scanned' } } },
      packages: [{ name: 'musl' }],
    });
  });

  it('scans a manifest whose config is none of an image by its layers', async () => {
    const image = buildImage({ layers: [base], configFields: { rootfs: undefined } });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    expect(await harness.facts.factsOf(image.digest)).toMatchObject({ packages: [{ name: 'musl' }] });
  });

  it('raises doubts about a feed as it is now, not as it was at the scan', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await harness.scan(image.digest);
    harness.now = () => new Date(today.getTime() + 6 * 86_400_000);
    const [facts] = (await harness.facts.factsOfMany([image.digest])).values();
    expect(facts?.doubts.map(({ code }) => code)).toEqual(['feed-stale']);
    expect(facts?.states.vulnerabilities.state).toBe('undetermined');
  });

  it('runs from the queue when an image is pushed, and tells its progress', async () => {
    const told: string[] = [];
    harness.notifications.subscribe('pratique_scan', (digest) => told.push(digest));
    await harness.work();
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await expect.poll(async () => (await harness.scanRow(image.digest)).state).toBe('scanned');
    await expect.poll(() => told.length).toBeGreaterThanOrEqual(5); // queued, scanning, 0 of 1, 1 of 1, scanned
    expect(new Set(told)).toEqual(new Set([image.digest]));
  });
});

describe('queueScan()', () => {
  const queueOf = (digest: string, onlyMissing: boolean) =>
    harness.database.db
      .transaction()
      .execute((transaction) => queueScan(transaction, harness.queue, digest, { onlyMissing }));

  it('queues what is pushed once, and nothing that has a result', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    expect((await harness.scanRow(image.digest)).state).toBe('queued');
    await harness.scan(image.digest);
    await harness.push(namespaceId, image, { repository: 'copy' });
    expect((await harness.scanRow(image.digest)).state).toBe('scanned');
    expect(await queueOf(image.digest, true)).toBe(0);
    expect(await queueOf(image.digest, false)).toBe(1);
    expect((await harness.scanRow(image.digest)).state).toBe('queued');
  });

  it('covers every image with the same image ID', async () => {
    const image = buildImage({ layers: [base] });
    const twin = buildImage({ layers: [base], manifestFields: { annotations: { a: 'b' } } });
    const other = buildImage({ layers: [base], architecture: 'arm64' });
    for (const one of [image, twin, other]) await harness.push(namespaceId, one, { tag: '' });
    expect(await queueOf(image.digest, false)).toBe(2);
  });

  it('leaves a namespace without autoScan alone until its images are asked for', async () => {
    const quiet = await harness.addNamespace('quiet', undefined, false);
    const image = buildImage({ layers: [base], os: 'plan9' });
    await harness.push(quiet, image);
    expect(await harness.facts.factsOf(image.digest)).toMatchObject({
      judged: false,
      states: { vulnerabilities: { state: 'not-scanned' } },
    });
    const queued = await harness.database.db
      .transaction()
      .execute((transaction) => queueUnscanned(transaction, harness.queue, quiet));
    expect(queued).toBe(1);
  });
});

describe('cancelScan()', () => {
  it('cancels a waiting scan at once', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    expect(await cancelScan(harness.database.db, harness.queue, image.digest)).toBe(1);
    expect((await harness.scanRow(image.digest)).state).toBe('cancelled');
    await harness.scan(image.digest); // a job that had already been fetched
    expect((await harness.scanRow(image.digest)).state).toBe('cancelled');
  });

  it('cancels a running scan, which writes nothing any more', async () => {
    const { promise: reading, resolve: begin } = Promise.withResolvers<void>();
    const { promise: cancelled, resolve: goOn } = Promise.withResolvers<void>();
    harness.onRead = async (digest) => {
      if (digest !== base.digest) return;
      begin();
      await cancelled;
    };
    await harness.work();
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    await reading;
    await cancelScan(harness.database.db, harness.queue, image.digest);
    await expect.poll(async () => (await harness.scanRow(image.digest)).state).toBe('cancelled');
    goOn();
    await harness.queue.stop();
    expect((await harness.scanRow(image.digest)).state).toBe('cancelled');
    expect(await reportOf(image.digest)).toBeUndefined();
  });
});

describe('settleAbandonedScans()', () => {
  it('lets a server that stood still change nothing of the scan that has taken its place (threats.md F16)', async () => {
    const image = buildImage({ layers: [base] });
    await harness.push(namespaceId, image);
    const { promise: reading, resolve: begin } = Promise.withResolvers<void>();
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
    harness.onRead = async () => {
      harness.onRead = async () => {};
      begin();
      await awake;
    };
    const stale = harness.scan(image.digest);
    await reading;
    await harness.scan(image.digest);
    const written = await reportOf(image.digest);
    wake();
    await stale;
    expect(await reportOf(image.digest)).toEqual(written);
    expect(await summaryOf(image.digest)).toMatchObject({ revision: 1 });
    expect(await harness.scanRow(image.digest)).toMatchObject({ state: 'scanned' });
    harness.onRead = async () => {
      harness.onRead = async () => {};
      await harness.scan(image.digest);
      throw new Error('the disk is gone');
    };
    await harness.database.db.deleteFrom('layer_inspection').execute();
    await harness.scan(image.digest);
    expect(await harness.scanRow(image.digest)).toMatchObject({ state: 'scanned', problem: null });
  });

  it('parks a scan without a sign of life, and no other', async () => {
    const images = ['amd64', 'arm64'].map((architecture) => buildImage({ layers: [base], architecture }));
    for (const image of images) await harness.push(namespaceId, image, { tag: '' });
    await harness.database.pool.query(
      `update image_scan set state = 'scanning',
       touched_at = case when manifest_digest = $1 then now() - interval '2 minutes' else now() end`,
      [images[0]?.digest],
    );
    expect(await settleAbandonedScans(harness.database.db)).toBe(1);
    const states = await Promise.all(images.map(async ({ digest }) => (await harness.scanRow(digest)).state));
    expect(states).toEqual(['failed', 'scanning']);
  });
});
