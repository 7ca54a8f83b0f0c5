import { randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { countOwnBytes } from '../catalog/freed-bytes.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { descriptorOf, type TestImage, testImage, testManifest } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';

let harness: UpkeepHarness;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());
beforeEach(() => harness.empty());

const layerType = ociGzipLayerMediaType;

/** An image of these layers. */
function imageOf(name: string, layers: readonly Buffer[]): TestImage {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', name }));
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptorOf(config, ociConfigMediaType),
    layers: layers.map((layer) => descriptorOf(layer, layerType)),
  });
  return { ...manifest, blobs: [config, ...layers] };
}

async function push(name: string, tag: string, image: TestImage): Promise<void> {
  const answer = await harness.client.pushImage(name, tag, image);
  expect([answer.status, answer.message]).toEqual([201, undefined]);
}

async function remove(path: string): Promise<void> {
  expect((await harness.client.send(path, { method: 'DELETE' })).status).toBe(202);
}

const storedFiles = async () =>
  (await readdir(harness.root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    .length;

describe('GarbageCollector', () => {
  it('frees the bytes of a deleted image, says how many, and leaves nothing of it', async () => {
    const image = imageOf('gone', [randomBytes(50_000)]);
    const bytes = image.blobs.reduce((sum, blob) => sum + blob.length, 0);
    await push('team/app', 'v1', image);
    expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 0 });
    await remove(`/v2/team/app/manifests/${image.digest}`);
    expect(await harness.collector().estimate()).toMatchObject({
      freedBytes: bytes,
      blobs: { count: 2, sizeBytes: bytes },
      manifests: { count: 1 },
    });
    expect(await storedFiles()).toBe(2);
    expect(await harness.collector().collectAll()).toMatchObject({
      freedBytes: bytes,
      blobs: { count: 2, sizeBytes: bytes },
      manifests: { count: 1, sizeBytes: image.bytes.length },
      linkCount: 2,
      problems: [],
    });
    expect(await storedFiles()).toBe(0);
    expect(await harness.counts()).toEqual({ blob: 0, repository_blob: 0, blob_pin: 0, manifest: 0 });
    expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 0, linkCount: 0 });
  });

  it('removes what inspections found in the layers that it frees', async () => {
    const [gone, kept] = [imageOf('gone', [randomBytes(10)]), imageOf('kept', [randomBytes(20)])];
    await push('team/app', 'gone', gone);
    await push('team/app', 'kept', kept);
    const layers = [gone, kept].map(({ blobs }) => digestOf(blobs[1] ?? Buffer.of()));
    for (const layer of layers) {
      await harness.sql(
        `insert into layer_inspection (blob_digest, inspector_version, report) values ('${layer}', 1, '')`,
      );
    }
    await remove(`/v2/team/app/manifests/${gone.digest}`);
    await harness.collector().collectAll();
    const { db } = harness.database;
    const left = await db.selectFrom('layer_inspection').select('blob_digest').execute();
    expect(left).toEqual([{ blob_digest: layers[1] }]);
  });

  it('keeps untagged manifests, indexes, their children and referrers', async () => {
    const child = imageOf('child', [randomBytes(100)]);
    await push('team/app', child.digest, child);
    const index = testManifest({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...descriptorOf(child.bytes, child.mediaType) }],
    });
    const referrer = testImage('signature', { subject: descriptorOf(child.bytes, child.mediaType) });
    expect((await harness.client.pushManifest('team/app', 'multi', index)).status).toBe(201);
    await push('team/app', referrer.digest, referrer);
    await remove('/v2/team/app/manifests/multi');
    expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 0, manifests: { count: 0 } });
    for (const digest of [child.digest, index.digest, referrer.digest]) {
      expect((await harness.client.send(`/v2/team/app/manifests/${digest}`)).status).toBe(200);
    }
  });

  it('frees a blob that is deleted, and all of a namespace that is deleted', async () => {
    const blob = randomBytes(1_000);
    await harness.client.pushBlob('team/app', blob);
    await remove(`/v2/team/app/blobs/${digestOf(blob)}`);
    expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 1_000 });
    const image = imageOf('whole', [randomBytes(2_000)]);
    await push('team/one', 'v1', image);
    await push('team/two', 'v1', image);
    await harness.client.send('/v2/team/two/blobs/uploads/', { method: 'POST' });
    const { id } = await harness.database.db.selectFrom('namespace').select('id').executeTakeFirstOrThrow();
    const promisedBytes = await countOwnBytes(harness.database.db, { namespaceId: id });
    expect(promisedBytes).toBe(image.blobs.reduce((sum, one) => sum + one.length, 0));
    await harness.deleteNamespace('team');
    await harness.ageUploads();
    const freed = await harness.collector().collectAll();
    expect(freed.freedBytes).toBe(promisedBytes);
    expect(freed).toMatchObject({ blobs: { count: 2 }, uploads: { count: 1 }, manifests: { count: 1 } });
    expect(await storedFiles()).toBe(0);
  });

  it('goes on where the last pass ended when there is more than one pass may look at', async () => {
    for (let number = 0; number < 5; number += 1) {
      const image = imageOf(`image ${number}`, []);
      await push('team/app', `v${number}`, image);
      await remove(`/v2/team/app/manifests/${image.digest}`);
    }
    await harness.sql('truncate garbage_suspect'); // as if the queue had been lost
    const collector = harness.collector({ lookedAtMax: 1, rowsPerQuery: 2 });
    const freed = [];
    for (let pass = 0; pass < 4; pass += 1) freed.push((await collector.pass()).blobs.count);
    expect(freed).toEqual([2, 2, 1, 0]);
  });

  it('removes files that no row names, and keeps those of uploads that may still be finished', async () => {
    const store = harness.store;
    const orphan = randomUUID();
    await store.create(orphan);
    await store.append(orphan, 0, Readable.from([Buffer.from('orphan')]));
    await store.commit(orphan, digestOf(Buffer.from('orphan')));
    // As after a kill between rename and commit: bytes in their place, upload open, no row of the blob.
    const opened = await harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const location = opened.headers.get('location') ?? '';
    const uploadId = location.split('/').at(-1) ?? '';
    await store.append(uploadId, 0, Readable.from([Buffer.from('cut off')]));
    await store.commit(uploadId, digestOf(Buffer.from('cut off')));
    expect(await harness.collector().collectAll()).toMatchObject({ orphans: { count: 1, sizeBytes: 6 } });
    const repeated = await harness.client.send(`${location}?digest=${digestOf(Buffer.from('cut off'))}`, {
      method: 'PUT',
    });
    expect(repeated.status).toBe(201);
    expect(await storedFiles()).toBe(1);
  });

  it('gives up uploads that nobody touched for a day, by the database’s clock (threats.md §1.9)', async () => {
    const opened = await harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const location = opened.headers.get('location') ?? '';
    await harness.client.send(location, { method: 'PATCH', body: randomBytes(300) });
    await harness.sql(`update upload set touched_at = now() - interval '23 hours 59 minutes 59 seconds'`);
    expect(await harness.collector().collectAll()).toMatchObject({ uploads: { count: 0 } });
    await harness.sql(`update upload set touched_at = now() - interval '24 hours'`);
    expect(await harness.collector().estimate()).toMatchObject({ uploads: { count: 1, sizeBytes: 300 } });
    expect(await harness.collector().collectAll()).toMatchObject({ uploads: { count: 1, sizeBytes: 300 } });
    expect((await harness.client.send(location)).status).toBe(404);
    expect(await storedFiles()).toBe(0);
  });

  it('finishes what a collector left that was killed after marking or after unlinking', async () => {
    for (const hasBytes of [true, false]) {
      const blob = randomBytes(500);
      await harness.client.pushBlob('team/app', blob);
      await remove(`/v2/team/app/blobs/${digestOf(blob)}`);
      await harness.sql(`update blob set state = 'deleting'`);
      if (!hasBytes) {
        const { storage_key: key } = await harness.database.db
          .selectFrom('blob')
          .select('storage_key')
          .executeTakeFirstOrThrow();
        await harness.store.delete(key);
      }
      expect(await harness.collector().pass()).toMatchObject({ blobs: { count: 1, sizeBytes: 500 } });
      expect(await harness.counts()).toMatchObject({ blob: 0 });
    }
  });

  it('reports what it cannot remove, and goes on', async () => {
    const blobs = [randomBytes(10), randomBytes(20)];
    for (const blob of blobs) {
      await harness.client.pushBlob('team/app', blob);
      await remove(`/v2/team/app/blobs/${digestOf(blob)}`);
    }
    const failing = digestOf(blobs[0] ?? Buffer.of()).slice(7);
    const store = harness.failingStore((key) => key.includes(failing));
    const collected = await harness.collector({ store }).collectAll();
    expect(collected).toMatchObject({ blobs: { count: 1, sizeBytes: 20 } });
    expect(collected.problems).toEqual([expect.stringContaining(failing)]);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 1, sizeBytes: 10 } });
  });

  it('never takes content out of another repository (G6)', async () => {
    const layer = randomBytes(5_000);
    const [first, second] = [imageOf('first', [layer]), imageOf('second', [layer])];
    await push('team/one', 'v1', first);
    await push('team/two', 'v1', second);
    await push('team/two', 'same', first);
    await remove(`/v2/team/one/manifests/${first.digest}`);
    expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 0, linkCount: 2 });
    expect((await harness.client.send(`/v2/team/one/blobs/${digestOf(layer)}`)).status).toBe(404);
    for (const image of [first, second]) {
      expect((await harness.client.send(`/v2/team/two/manifests/${image.digest}`)).status).toBe(200);
      for (const blob of image.blobs) {
        const answer = await harness.client.send(`/v2/team/two/blobs/${digestOf(blob)}`);
        expect(answer.bytes.equals(blob)).toBe(true);
      }
    }
  });

  it('lets the next push of the same digest store its bytes again (G7)', async () => {
    const image = imageOf('again', [randomBytes(3_000)]);
    for (let round = 0; round < 3; round += 1) {
      await push('team/app', 'v1', image);
      const path = `/v2/team/app/manifests/${image.digest}`;
      expect((await harness.client.send(path)).status).toBe(200);
      for (const blob of image.blobs) {
        const answer = await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`);
        expect(answer.bytes.equals(blob)).toBe(true);
      }
      await remove(path);
      expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 2 } });
      expect((await harness.client.send(path)).status).toBe(404);
      for (const blob of image.blobs) {
        const head = await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`, { method: 'HEAD' });
        expect(head.status).toBe(404);
      }
    }
  });
});

describe('a pin that a deletion released', () => {
  const released = async (image: TestImage) => {
    await push('team/app', 'v1', image);
    // Told once more that they are there, by somebody who may push: nobody comes back for them.
    for (const blob of image.blobs) {
      const head = { method: 'HEAD' };
      expect((await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`, head)).status).toBe(200);
    }
    await remove(`/v2/team/app/manifests/${image.digest}`);
    await harness.sql(`update blob_pin set expires_at = now() + interval '20 hours'`);
  };

  it('holds the blobs until its repository was quiet for ten minutes, not for its day', async () => {
    const image = imageOf('released', [randomBytes(100)]);
    await released(image);
    await harness.sql(`update blob_pin set released_at = now() - interval '9 minutes 59 seconds'`);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 0 } });
    await harness.sql(`update blob_pin set released_at = now() - interval '10 minutes 1 second'`);
    expect(await harness.collector().estimate()).toMatchObject({ blobs: { count: 2 } });
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 2 } });
    expect(await harness.counts()).toMatchObject({ blob: 0, blob_pin: 0 });
  });

  it.each(['an open upload', 'a blob asked for', 'the blob asked for'])(
    'holds them on beside %s: a push is under way (G3)',
    async (activity) => {
      const image = imageOf(`beside ${activity}`, [randomBytes(100)]);
      const other = randomBytes(50);
      await harness.client.pushBlob('team/app', other);
      await released(image);
      await harness.sql(`update blob_pin set released_at = now() - interval '1 hour'`);
      if (activity === 'an open upload') {
        await harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
      } else {
        const asked = activity === 'a blob asked for' ? [other] : image.blobs;
        for (const blob of asked) {
          await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`, { method: 'HEAD' });
        }
      }
      expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 0 } });
      expect((await harness.client.pushManifest('team/app', 'v2', image)).status).toBe(201);
    },
  );

  it('leaves pins in other repositories as they are', async () => {
    const image = imageOf('of two', [randomBytes(100)]);
    for (const blob of image.blobs) await harness.client.pushBlob('team/two', blob);
    await released(image);
    await harness.sql(`update blob_pin set released_at = released_at - interval '1 hour'`);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 0 }, linkCount: 2 });
    expect((await harness.client.pushManifest('team/two', 'v1', image)).status).toBe(201);
  });
});

describe('an index that lists the next one twice, 8 levels deep', () => {
  it('is deleted and collected as fast as its few manifests (threats.md C7)', async () => {
    const image = imageOf('leaf', [randomBytes(100)]);
    await push('team/app', 'leaf', image);
    const digests: string[] = [image.digest];
    let next = descriptorOf(image.bytes, image.mediaType);
    for (let level = 0; level < 7; level += 1) {
      const index = testManifest({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [next, next],
      });
      expect((await harness.client.pushManifest('team/app', `level${level}`, index)).status).toBe(201);
      next = descriptorOf(index.bytes, index.mediaType);
      digests.push(index.digest);
    }
    const startedAt = performance.now();
    // A wrong way through is felt at 30 levels, in src/testing/doubled-index.test.ts. From the leaf up: each deletion asks for the tags of everything that holds it.
    for (const digest of digests) await remove(`/v2/team/app/manifests/${digest}`);
    expect(await harness.collector().collectAll()).toMatchObject({ manifests: { count: 8 } });
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });
});

describe('a pin', () => {
  it.each(['201', 'HEAD', 'mount'])('keeps a blob after its %s until it ends (G3)', async (acknowledged) => {
    const image = imageOf(`pinned by ${acknowledged}`, [randomBytes(100)]);
    for (const blob of image.blobs) {
      await harness.client.pushBlob(acknowledged === 'mount' ? 'team/source' : 'team/app', blob);
      const digest = digestOf(blob);
      if (acknowledged === 'HEAD') {
        await harness.sql(`delete from blob_pin where digest = '${digest}'`);
        const head = await harness.client.send(`/v2/team/app/blobs/${digest}`, { method: 'HEAD' });
        expect(head.status).toBe(200);
      }
      if (acknowledged === 'mount') {
        const mount = `/v2/team/app/blobs/uploads/?mount=${digest}&from=team/source`;
        expect((await harness.client.send(mount, { method: 'POST' })).status).toBe(201);
      }
    }
    for (const left of ['1 day', '30 seconds']) {
      await harness.sql(`update blob_pin set expires_at = now() + interval '${left}'`);
      expect(await harness.collector().collectAll()).toMatchObject({ freedBytes: 0 });
    }
    await harness.sql(`update blob_pin set expires_at = now() + interval '1 hour'`);
    expect((await harness.client.pushManifest('team/app', 'v1', image)).status).toBe(201);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 0 } });
    for (const blob of image.blobs) {
      expect((await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`)).status).toBe(200);
    }
  });

  it('that has ended lets the blob go, and the manifest gets a clean refusal (G3)', async () => {
    const image = imageOf('late', [randomBytes(100)]);
    for (const blob of image.blobs) await harness.client.pushBlob('team/app', blob);
    await harness.sql(`update blob_pin set expires_at = now() - interval '1 millisecond'`);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 2 } });
    const refused = await harness.client.pushManifest('team/app', 'v1', image);
    expect([refused.status, refused.codes]).toEqual([404, ['MANIFEST_BLOB_UNKNOWN']]);
    await push('team/app', 'v1', image);
  });

  it('of one client is not ended by the manifest of another that shares the layer', async () => {
    const base = randomBytes(1_000);
    const [first, second] = [imageOf('first', [base]), imageOf('second', [base])];
    for (const blob of [...first.blobs, ...second.blobs]) await harness.client.pushBlob('team/app', blob);
    expect((await harness.client.pushManifest('team/app', 'v1', first)).status).toBe(201);
    await remove(`/v2/team/app/manifests/${first.digest}`);
    await harness.collector().collectAll();
    expect((await harness.client.pushManifest('team/app', 'v2', second)).status).toBe(201);
    await remove(`/v2/team/app/manifests/${second.digest}`);
    expect(await harness.collector().collectAll()).toMatchObject({ blobs: { count: 2 } });
  });
});
