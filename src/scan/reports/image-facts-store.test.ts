import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { notify } from '../../database/notifications.ts';
import type { ImageFacts } from '../../report/image-facts.ts';
import { buildImage, buildIndex, buildLayer } from '../../testing/samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { DatabaseImages } from '../database-images.ts';
import { scanOutside } from '../scan-outside.ts';
import { ImageFactsStore } from './image-facts-store.ts';

const today = new Date('2018-06-01T00:00:00Z');
const image = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
const other = buildImage({ layers: [buildLayer(alpineFiles({ zlib: '1.2.11-r0' }))], architecture: 'arm64' });

let harness: ScanHarness;
let namespaceId: number;

beforeEach(async () => {
  // Nothing grows old in memory by itself, however slow the machine is.
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(1); // to `lru-cache`, zero is no time
  harness = await ScanHarness.start();
  harness.now = () => today;
  await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11' }]);
  await storeFeedStatus(harness.database.db, today);
  namespaceId = await harness.addNamespace('demo');
  await harness.push(namespaceId, image, { tag: '' });
  await harness.scan(image.digest);
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

const stateIn = async (facts: ImageFactsStore) =>
  (await facts.factsOf(image.digest))?.states.vulnerabilities.state;
const setState = (state: string) => harness.database.db.updateTable('image_scan').set({ state }).execute();

/** As a new version of the feeds would that says nothing against any package. */
async function resolveMatches(): Promise<void> {
  const { db } = harness.database;
  await sql`update stored_match set resolved_at = now()`.execute(db);
  await sql`update feed set version = version + 1, matched_version = version + 1`.execute(db);
}

/** A store whose notifications arrive when the test says so. */
function storeThatIsTold() {
  let receive: (payload: string) => void = () => {};
  const facts = new ImageFactsStore({
    db: harness.database.db,
    now: harness.now,
    listener: {
      isListening: () => true,
      subscribe: (_channel, given) => {
        receive = given;
        return () => {};
      },
    },
  });
  return { facts, tell: (payload: string) => receive(payload) };
}

describe('ImageFactsStore', () => {
  it('answers from memory until a change of the image is notified', async () => {
    const { facts, tell } = storeThatIsTold();
    expect(await stateIn(facts)).toBe('scanned');
    await setState('failed');
    tell(`image:${other.digest}`);
    expect(await stateIn(facts)).toBe('scanned');
    tell(`image:${image.digest}`);
    expect(await stateIn(facts)).toBe('failed');
  });

  it('drops every image at what it does not know', async () => {
    expect(await stateIn(harness.facts)).toBe('scanned');
    await setState('failed');
    await notify(harness.database.db, 'pratique_facts', 'of another version');
    await expect.poll(() => stateIn(harness.facts)).toBe('failed');
  });

  it('answers by the last version of the feeds until the image is read again beside that (threats.md P25)', async () => {
    const { facts, tell } = storeThatIsTold();
    const findingsNow = async () => (await facts.factsOf(image.digest))?.packages.length;
    expect(await findingsNow()).toBe(1);
    await resolveMatches();
    expect(await findingsNow()).toBe(1);
    tell('versions');
    expect(await findingsNow()).toBe(1);
    await expect.poll(findingsNow, { interval: 5 }).toBe(0);
  });

  it('answers by no version before, once an update was followed to its end', async () => {
    const { facts, tell } = storeThatIsTold();
    const findingsNow = async () => (await facts.factsOf(image.digest))?.packages.length;
    expect(await findingsNow()).toBe(1);
    await resolveMatches();
    tell('versions');
    tell('images');
    expect(await findingsNow()).toBe(0);
  });

  it('gives facts of several images by one version of the feeds', async () => {
    await harness.push(namespaceId, other, { tag: '' });
    await harness.scan(other.digest);
    const { facts, tell } = storeThatIsTold();
    const digests = [image.digest, other.digest];
    const versionsOf = (found: ReadonlyMap<string, ImageFacts>) =>
      digests.map((digest) => found.get(digest)?.feeds.find(({ feed }) => feed === 'Alpine')?.version);
    const [before = 0] = versionsOf(await facts.factsOfMany([image.digest]));
    await resolveMatches();
    tell('versions');
    // One is known by the version before, the other is not.
    expect(versionsOf(await facts.factsOfMany(digests))).toEqual([before + 1, before + 1]);
  });

  it('reads what is known against packages again when they were matched by other rules', async () => {
    const { facts, tell } = storeThatIsTold();
    const findingsNow = async () => (await facts.factsOf(image.digest))?.packages.length;
    expect(await findingsNow()).toBe(1);
    await sql`update stored_match set resolved_at = now()`.execute(harness.database.db);
    tell(`image:${image.digest}`);
    expect(await findingsNow()).toBe(1);
    tell('feed');
    await expect.poll(findingsNow, { interval: 5 }).toBe(0);
  });

  it('reads an image again while it is asked for, before it must not be answered any more', async () => {
    const { facts } = storeThatIsTold();
    expect(await stateIn(facts)).toBe('scanned');
    await setState('failed');
    vi.advanceTimersByTime(1_499);
    expect(await stateIn(facts)).toBe('scanned');
    vi.advanceTimersByTime(1);
    expect(await stateIn(facts)).toBe('scanned');
    await expect.poll(() => stateIn(facts), { interval: 5 }).toBe('failed');
  });

  it('answers nothing that was read 2.5 seconds ago', async () => {
    const { facts } = storeThatIsTold();
    expect(await stateIn(facts)).toBe('scanned');
    await setState('failed');
    vi.advanceTimersByTime(2_501);
    expect(await stateIn(facts)).toBe('failed');
  });

  it('keeps no answer that was read before a change and given after it', async () => {
    const { facts, tell } = storeThatIsTold();
    const early = facts.factsOf(image.digest);
    tell(`image:${image.digest}`);
    await early;
    await setState('failed');
    expect(await stateIn(facts)).toBe('failed');
  });

  it('takes nothing from memory while changes cannot be heard of', async () => {
    expect(await stateIn(harness.facts)).toBe('scanned');
    await harness.notifications.close();
    await setState('failed');
    expect(await stateIn(harness.facts)).toBe('failed');
  });

  it('knows nothing of what is not stored', async () => {
    expect(await harness.facts.factsOf(other.digest)).toBeUndefined();
  });

  it('puts the facts of an index together out of those of its images', async () => {
    await harness.pushIndex(namespaceId, buildIndex([image, other]), { tag: '' });
    const index = buildIndex([image, other]).digest;
    expect(await harness.facts.factsOf(index)).toMatchObject({
      kind: 'index',
      judged: false,
      states: { vulnerabilities: { state: 'queued' } },
      packages: [{ name: 'musl' }],
    });
    await harness.scan(other.digest);
    await expect
      .poll(async () => (await harness.facts.factsOf(index))?.states.vulnerabilities.state)
      .toBe('scanned');
  });
});

describe('scanOutside()', () => {
  it('gives the findings of the server for an image that is not stored, and remembers its layers', async () => {
    const { db } = harness.database;
    const opened = await new DatabaseImages({
      db,
      readBlob: async (digest) => Readable.from([harness.blobs.get(digest)], { objectMode: false }),
    }).open(image.digest);
    const progress: number[] = [];
    const report = await scanOutside({
      db,
      inspections: harness.inspections,
      image: opened,
      now: today,
      onProgress: ({ layersDone }) => progress.push(layersDone),
    });
    const stored = await harness.facts.factsOf(image.digest);
    expect(report.facts.packages).toEqual(stored?.packages);
    expect(report.facts.states).toEqual(stored?.states);
    expect(report.counts).toMatchObject({ high: 1, highest: 'high', fixable: 1 });
    expect(report.distribution).toMatchObject({ id: 'alpine', release: 'v3.6' });
    expect(report.progress).toEqual({ layersTotal: 1, layersDone: 1, layersRead: 0 });
    expect(progress).toEqual([0, 1]);
  });
});
