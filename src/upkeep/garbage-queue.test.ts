import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { descriptorOf, type TestImage, testManifest } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';

let harness: UpkeepHarness;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.empty();
  await harness.sql('truncate garbage_suspect');
});

async function push(name: string, layer: Buffer): Promise<TestImage> {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', name }));
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptorOf(config, ociConfigMediaType),
    layers: [descriptorOf(layer, ociGzipLayerMediaType)],
  });
  const image = { ...manifest, blobs: [config, layer] };
  expect((await harness.client.pushImage(name, 'v1', image)).status).toBe(201);
  return image;
}

async function remove(path: string): Promise<void> {
  expect((await harness.client.send(path, { method: 'DELETE' })).status).toBe(202);
}

async function isStored(image: TestImage): Promise<readonly boolean[]> {
  const { rows } = await harness.database.pool.query<{ digest: string }>('select digest from blob');
  const stored = new Set(rows.map(({ digest }) => digest));
  return image.blobs.map((blob) => stored.has(digestOf(blob)));
}

/** Its round over everything looks at one row of each kind. */
const onlyQueue = () => harness.collector({ lookedAtMax: 1, rowsPerQuery: 1 });

describe('the queue of what deletions left', () => {
  beforeEach(async () => {
    // What a round meets first, so that one of two rows does not come to the others.
    await harness.sql(`insert into blob (digest, size_bytes, storage_key)
      select 'sha256:' || lpad(n::text, 64, '0'), 1, 'none-' || n from generate_series(1, 9) n;
      insert into repository (namespace_id, name) select id, 'first' from namespace;
      insert into repository_blob (repository_id, digest) select r.id, b.digest from repository r, blob b;
      insert into blob_pin (digest, repository_id, expires_at) select digest, repository_id, now() + interval '1 day' from repository_blob`);
  });

  it('frees a manifest with the next pass, wherever its round stands (threats.md §6)', async () => {
    const image = await push('team/gone', randomBytes(100));
    await remove(`/v2/team/gone/manifests/${image.digest}`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 2 }, manifests: { count: 1 } });
    expect(await isStored(image)).toEqual([false, false]);
  });

  it('frees a blob that is deleted', async () => {
    const blob = randomBytes(100);
    await harness.client.pushBlob('team/gone', blob);
    await remove(`/v2/team/gone/blobs/${digestOf(blob)}`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 1, sizeBytes: 100 } });
  });

  it('frees what a deleted namespace held, by a cascade too', async () => {
    const image = await push('team/gone', randomBytes(100));
    await harness.sql(`delete from tag; delete from namespace where name = 'team'`);
    expect(await onlyQueue().pass()).toMatchObject({ manifests: { count: 1 } });
    expect(await isStored(image)).toEqual([false, false]);
  });

  it('keeps what another repository holds, and is empty after the look', async () => {
    const layer = randomBytes(100);
    const [gone, kept] = [await push('team/gone', layer), await push('team/kept', layer)];
    await remove(`/v2/team/gone/manifests/${gone.digest}`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 1 }, linkCount: 2 });
    expect(await isStored(kept)).toEqual([true, true]);
    expect((await harness.database.pool.query('select from garbage_suspect')).rowCount).toBe(0);
  });

  it('looks again ten minutes later at what the pin of a finished push still held', async () => {
    const image = await push('team/gone', randomBytes(100));
    for (const blob of image.blobs) {
      await harness.client.send(`/v2/team/gone/blobs/${digestOf(blob)}`, { method: 'HEAD' });
    }
    await remove(`/v2/team/gone/manifests/${image.digest}`);
    await harness.sql(`update blob_pin set expires_at = now() + interval '20 hours'`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 0 }, manifests: { count: 1 } });
    await harness.sql(`update blob_pin set released_at = released_at - interval '11 minutes'`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 0 } });
    await harness.sql(`update garbage_suspect set look_at = look_at - interval '10 minutes'`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 2 } });
  });

  it('looks again in a minute at what a push was working with', async () => {
    const image = await push('team/gone', randomBytes(100));
    await remove(`/v2/team/gone/manifests/${image.digest}`);
    const other = await harness.database.pool.connect();
    try {
      await other.query(`begin; lock table repository_blob in share mode`);
      expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 0 } });
      await other.query('rollback');
    } finally {
      other.release();
    }
    await harness.sql(`update garbage_suspect set look_at = look_at - interval '1 minute'`);
    expect(await onlyQueue().pass()).toMatchObject({ blobs: { count: 2 } });
  });
});

describe('a layer that very many images share', () => {
  it('goes out of the repository that needs it no more, and of no other (threats.md §6)', async () => {
    const layer = randomBytes(100);
    const [one, two] = [await push('team/one', layer), await push('team/two', layer)];
    await harness.sql(`
      insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
      select 'sha256:' || lpad(n::text, 64, '0'), 'many', 'image', 2, 0, '{}' from generate_series(1, 1100) n;
      insert into manifest_blob (manifest_digest, position, blob_digest, media_type, size_bytes)
      select digest, 1, '${digestOf(layer)}', '', 100 from manifest where media_type = 'many';
      insert into repository_manifest (repository_id, manifest_digest, pushed_by)
      select r.id, m.digest, 'x' from repository r, manifest m where r.name = 'two' and m.media_type = 'many';
      delete from blob_pin`);
    await remove(`/v2/team/one/manifests/${one.digest}`);
    expect(await harness.collector().estimate()).toMatchObject({ blobs: { count: 1 } });
    expect(await harness.collector().pass()).toMatchObject({ blobs: { count: 1 }, linkCount: 2 });
    const status = async (name: string) =>
      (await harness.client.send(`/v2/team/${name}/blobs/${digestOf(layer)}`)).status;
    expect([await status('one'), await status('two')]).toEqual([404, 200]);
    expect(await isStored(two)).toEqual([true, true]);
  });
});
