import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { descriptorOf, type TestImage, testManifest } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';
import type { CollectorPoint } from './garbage-collector.ts';

/** A multiple of 8; `npm run soak:races` sets 1,000. */
const interleavings = Number(process.env['PRATIQUE_TEST_INTERLEAVINGS'] ?? '96');

let harness: UpkeepHarness;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());
beforeEach(() => harness.empty());

function imageOf(name: string, layer: Buffer): TestImage {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', name }));
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptorOf(config, ociConfigMediaType),
    layers: [descriptorOf(layer, ociGzipLayerMediaType)],
  });
  return { ...manifest, blobs: [config, layer] };
}

/** Asks for each blob, sends what is not there, then the manifest: what every client does. Returns what failed. */
async function pushAsClient(repository: string, tag: string, image: TestImage): Promise<string | undefined> {
  for (const blob of image.blobs) {
    const path = `/v2/${repository}/blobs/${digestOf(blob)}`;
    const head = await harness.client.send(path, { method: 'HEAD' });
    if (head.status === 200) continue;
    if (head.status !== 404) return `HEAD ${head.status}`;
    const sent = await harness.client.pushBlob(repository, blob);
    if (sent.status !== 201) return `PUT of a blob ${sent.status} ${sent.message}`;
  }
  const answer = await harness.client.pushManifest(repository, tag, image);
  return answer.status === 201 ? undefined : `PUT of the manifest ${answer.status} ${answer.message}`;
}

async function expectWhole(repository: string, image: TestImage): Promise<void> {
  const manifest = await harness.client.send(`/v2/${repository}/manifests/${image.digest}`);
  expect(manifest.status).toBe(200);
  for (const blob of image.blobs) {
    const answer = await harness.client.send(`/v2/${repository}/blobs/${digestOf(blob)}`);
    expect([answer.status, answer.bytes.equals(blob)]).toEqual([200, true]);
  }
}

const points: readonly CollectorPoint[] = ['gc.locked', 'gc.marked', 'gc.unlinked', 'gc.forgotten'];

describe('a push of a blob that was unreferenced for long (threats.md F19)', () => {
  it.each(points)('succeeds whole while a collector stands at %s (G4)', async (standsAt) => {
    const image = imageOf('long unreferenced', randomBytes(2_000));
    for (const blob of image.blobs) await harness.client.pushBlob('team/app', blob);
    await harness.sql('delete from blob_pin');
    let arrive = () => {};
    let release = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const collecting = harness
      .collector({
        reach: async (point) => {
          if (point !== standsAt) return;
          arrive();
          await released;
        },
      })
      .collectAll();
    await arrived;
    const pushed = pushAsClient('team/app', 'v1', image);
    // While it holds the locks the push waits; afterwards nothing of it is in the way.
    if (standsAt === 'gc.locked') await sleep(100);
    else expect(await pushed).toBeUndefined();
    release();
    await collecting;
    expect(await pushed).toBeUndefined();
    await harness.collector().collectAll();
    await expectWhole('team/app', image);
  });

  it(`succeeds whole at any moment of a collection, ${interleavings} times (G4)`, {
    timeout: 300_000,
  }, async () => {
    // Short waits of all lengths at every point and before every request spread the interleavings.
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    const wait = async () => {
      const ms = random() * 4;
      if (ms > 1) await sleep(ms);
    };
    const failures: string[] = [];
    const pushed: { readonly repository: string; readonly image: TestImage }[] = [];
    const lanes = 8;
    const roundsPerLane = interleavings / lanes;
    let isDone = false;
    const collect = async () => {
      const collector = harness.collector({ reach: wait });
      while (!isDone) await collector.collectAll();
    };
    const lane = async (number: number) => {
      for (let round = 0; round < roundsPerLane; round += 1) {
        // The same layer comes again and again, unreferenced and unpinned before each push.
        const image = imageOf(`lane ${number} round ${round}`, Buffer.from(`layer of lane ${number}`));
        const failure = await pushAsClient(`team/lane${number}`, 'v1', image);
        if (failure !== undefined) failures.push(`lane ${number} round ${round}: ${failure}`);
        await wait();
        if (round % 5 === 0) await expectWhole(`team/lane${number}`, image);
        if (round === roundsPerLane - 1) pushed.push({ repository: `team/lane${number}`, image });
        else {
          await harness.client.send(`/v2/team/lane${number}/manifests/${image.digest}`, {
            method: 'DELETE',
          });
        }
        await wait();
      }
    };
    const collectors = [collect(), collect()];
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number))).finally(() => {
      isDone = true;
    });
    await Promise.all(collectors);
    expect(failures).toEqual([]);
    await harness.collector().collectAll();
    for (const { repository, image } of pushed) await expectWhole(repository, image);
  });
});

describe('a collector that stands still with rows locked', () => {
  it('loses them, and the push that waited succeeds', async () => {
    const image = imageOf('waited for', randomBytes(2_000));
    for (const blob of image.blobs) await harness.client.pushBlob('team/app', blob);
    await harness.sql('delete from blob_pin');
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const collecting = harness
      .collector({
        reach: async (point) => {
          if (point !== 'gc.locked') return;
          arrive();
          await released;
        },
      })
      .collectAll();
    await arrived;
    expect(await pushAsClient('team/app', 'v1', image)).toBeUndefined();
    release();
    await collecting.catch(() => {}); // its connection was closed under it
    await harness.collector().collectAll();
    await expectWhole('team/app', image);
  });
});
