import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { Notifications } from '../src/database/notifications.ts';
import type { Digest } from '../src/oci/digest.ts';
import { reMatch } from '../src/scan/matches/re-match.ts';
import { ImageFactsStore } from '../src/scan/reports/image-facts-store.ts';
import { buildImage, buildLayer } from '../src/testing/samples/build-image.ts';
import { ScanHarness } from '../src/testing/scan-harness.ts';
import { type MirrorRecord, StaticMirror } from '../src/testing/static-mirror.ts';
import { createTemporaryDatabase } from '../src/testing/temporary-database.ts';
import { startTestDatabaseServer, type TestDatabaseServer } from '../src/testing/test-database-server.ts';

const imageCount = 100;
const swaps = 12;
const shared = Array.from({ length: 10 }, (_, index) => `shared-${index}`);

/** Of an odd version all packages have one vulnerability, of an even one another: a mixture cannot be missed. */
function vulnerabilityOf(version: number): string {
  return `CVE-2026-${version % 2 === 1 ? 1111 : 2222}`;
}

function recordsOf(version: number): readonly MirrorRecord[] {
  const names = [...shared, ...Array.from({ length: imageCount }, (_, index) => `own-${index}`)];
  return names.map((name) => ({
    id: `GHSA-of-${name}`,
    modified: new Date(Date.UTC(2026, 0, version)).toISOString(),
    aliases: [vulnerabilityOf(version)],
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }],
      },
    ],
  }));
}

function imageOf(index: number) {
  const files = [...shared, `own-${index}`].map((name) => [
    `srv/node_modules/${name}/package.json`,
    JSON.stringify({ name, version: '1.0.0' }),
  ]);
  return buildImage({ layers: [buildLayer(Object.fromEntries(files))] });
}

describe('feeds that are swapped while images are scanned and pulled (threats.md F25)', () => {
  const mirror = new StaticMirror();
  const images = Array.from({ length: imageCount }, (_, index) => imageOf(index));
  let server: TestDatabaseServer | undefined;
  let harness: ScanHarness;
  let otherListener: Notifications;
  let otherFacts: ImageFactsStore;
  let root = '';
  let version = 0;

  async function swap(): Promise<void> {
    mirror.setFolder('npm', recordsOf(version + 1));
    const { database } = harness;
    await syncAdvisories({
      connection: database,
      sources: { roots: [root] },
      now: harness.now,
      follow: async (changes) => {
        // As if matching took its time: what is read and scanned meanwhile must not see half of it.
        await sleep(50);
        await reMatch(database, changes, { now: harness.now() });
      },
    });
    version += 1;
  }

  /** The version that the facts name; throws unless every finding, and the number of them, is that version's. */
  function versionOf(facts: Awaited<ReturnType<ImageFactsStore['factsOf']>>): number {
    const named = facts?.feeds.filter(({ feed }) => feed === 'npm') ?? [];
    expect(named).toHaveLength(1);
    const [{ version: judgedWith } = { version: 0 }] = named;
    const found = facts?.packages.flatMap(({ name, vulnerabilities }) =>
      vulnerabilities.map(({ id }) => `${name} ${id}`),
    );
    expect(found).toHaveLength(shared.length + 1);
    expect(found?.filter((line) => !line.endsWith(vulnerabilityOf(judgedWith)))).toEqual([]);
    return judgedWith;
  }

  beforeAll(async () => {
    server = await startTestDatabaseServer();
    harness = await ScanHarness.start(await createTemporaryDatabase(server.config));
    otherListener = new Notifications({ config: harness.database.config });
    await otherListener.start();
    otherFacts = new ImageFactsStore({
      db: harness.database.db,
      listener: otherListener,
      now: () => harness.now(),
    });
    root = await mirror.start();
    mirror.set('/ecosystems.txt', 'npm\n');
    await swap();
    const namespaceId = await harness.addNamespace('demo');
    for (const [index, image] of images.entries())
      await harness.push(namespaceId, image, { tag: `v${index}` });
  });
  afterAll(async () => {
    otherFacts.close();
    await otherListener.close();
    await mirror.stop();
    await harness.close();
    await server?.stop();
  });

  it(`names one version in each of ${imageCount} scans and in every verdict, and has that version's findings`, async () => {
    let isSwapping = true;
    /** However fast the machine is: it goes on until so much was read, of so many versions. */
    const isSeenEnough = () => reads > 1_000 && seen.size > 3;
    const scanned: Digest[] = [];
    const seen = new Set<number>();
    let reads = 0;
    const waiting = images.values();
    const scanAll = async () => {
      for (const { digest } of waiting) {
        await harness.scan(digest);
        seen.add(versionOf(await harness.facts.factsOf(digest)));
        scanned.push(digest);
      }
    };
    const readAll = async (facts: ImageFactsStore) => {
      while (isSwapping || scanned.length < imageCount) {
        const digests = [...scanned];
        for (const found of (await facts.factsOfMany(digests)).values()) {
          seen.add(versionOf(found));
          reads += 1;
        }
        const [one] = digests;
        if (one !== undefined) seen.add(versionOf(await facts.factsOf(one)));
        await sleep(5);
      }
    };
    const swapAll = async () => {
      while (version < swaps || scanned.length < imageCount || !isSeenEnough()) await swap();
      isSwapping = false;
    };
    await Promise.all([
      ...Array.from({ length: 4 }, scanAll),
      ...[harness.facts, otherFacts].flatMap((facts) => [readAll(facts), readAll(facts)]),
      swapAll(),
    ]);
    expect(harness.failures).toEqual([]);
    expect(scanned).toHaveLength(imageCount);
    for (const { digest } of images) expect(versionOf(await otherFacts.factsOf(digest))).toBe(version);
  });
});
