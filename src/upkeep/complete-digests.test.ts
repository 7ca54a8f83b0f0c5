import { randomBytes } from 'node:crypto';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { testManifest } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';
import { checkIntegrity } from './check-integrity.ts';
import { DigestCompleter } from './complete-digests.ts';

/** Of registry/blobs/stored-digests.ts. */
const sha512AtOnceSizeBytesMax = 1024 * 1024;

let harness: UpkeepHarness;
let completer: DigestCompleter;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.empty();
  await harness.sql('update namespace set auto_scan = false');
  completer = new DigestCompleter({ db: harness.database.db, store: harness.store });
});

const name = 'team/app';
const statusOf = async (bytes: Buffer, algorithm: 'sha256' | 'sha512') =>
  (await harness.client.send(`/v2/${name}/blobs/${digestOf(bytes, algorithm)}`)).status;
const statuses = async (bytes: Buffer) => [await statusOf(bytes, 'sha256'), await statusOf(bytes, 'sha512')];

async function push(bytes: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<void> {
  expect((await harness.client.pushBlob(name, bytes, digestOf(bytes, algorithm))).status).toBe(201);
}

async function pushManifest(config: Buffer, layer: Buffer): Promise<void> {
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes, 'sha512'),
    size: bytes.length,
  });
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptor(ociConfigMediaType, config),
    layers: [descriptor(ociGzipLayerMediaType, layer)],
  });
  expect((await harness.client.pushManifest(name, 'v1', manifest)).status).toBe(201);
}

/** Keys the row of a blob by its sha512, as a version before migration 0005 did for what was pushed so. */
async function makeFormerRow(bytes: Buffer): Promise<void> {
  const [sha256, sha512] = [digestOf(bytes), digestOf(bytes, 'sha512')];
  await harness.sql(`
    update blob set digest_sha512 = null where digest = '${sha256}';
    insert into blob (digest, digest_sha512, size_bytes, storage_key)
      select '${sha512}', '${sha512}', size_bytes, storage_key from blob where digest = '${sha256}';
    insert into repository_blob (repository_id, digest)
      select repository_id, '${sha512}' from repository_blob where digest = '${sha256}';
    insert into blob_pin (digest, repository_id, expires_at, claims)
      select '${sha512}', repository_id, expires_at, claims from blob_pin where digest = '${sha256}';
    update manifest_blob set blob_digest = '${sha512}' where blob_digest = '${sha256}';
    update manifest set config_digest = '${sha512}' where config_digest = '${sha256}';
    delete from repository_blob where digest = '${sha256}';
    delete from blob where digest = '${sha256}'`);
}

async function broken() {
  const { db } = harness.database;
  const { breaches } = await checkIntegrity({ db, store: harness.store, isDeep: true });
  return breaches.map(({ subject, problem }) => `${subject}: ${problem}`);
}

describe('DigestCompleter', () => {
  it('gives large blobs the sha512 that small ones have at once (threats.md C12)', async () => {
    const [small, large] = [randomBytes(sha512AtOnceSizeBytesMax), randomBytes(sha512AtOnceSizeBytesMax + 1)];
    for (const bytes of [small, large]) await push(bytes);
    expect(await statuses(small)).toEqual([200, 200]);
    expect(await statuses(large)).toEqual([200, 404]);
    expect(await completer.run()).toEqual({ blobs: 1, bytes: large.length, problems: [] });
    expect(await statuses(large)).toEqual([200, 200]);
    expect(await completer.run()).toEqual({ blobs: 0, bytes: 0, problems: [] });
  });

  it('is not needed for what is pushed under sha512, also onto what was pushed under sha256', async () => {
    const large = randomBytes(sha512AtOnceSizeBytesMax + 1);
    for (const algorithm of ['sha256', 'sha512'] as const) await push(large, algorithm);
    expect(await statuses(large)).toEqual([200, 200]);
    expect(await harness.counts()).toMatchObject({ blob: 1, repository_blob: 1 });
    expect(await completer.run()).toMatchObject({ blobs: 0 });
    expect(await broken()).toEqual([]);
  });

  it('keeps what a manifest names by sha512, and frees it with the manifest', async () => {
    const [config, layer] = [randomBytes(100), randomBytes(200)];
    for (const bytes of [config, layer]) await push(bytes);
    await pushManifest(config, layer);
    await harness.sql('delete from blob_pin');
    await harness.collector().collectAll();
    for (const bytes of [config, layer]) expect(await statuses(bytes)).toEqual([200, 200]);
    expect(await broken()).toEqual([]);
    expect((await harness.client.send(`/v2/${name}/manifests/v1`)).status).toBe(200);
    await harness.sql('delete from tag; delete from repository_manifest');
    await harness.collector().collectAll();
    for (const bytes of [config, layer]) expect(await statuses(bytes)).toEqual([404, 404]);
  });

  it('makes rows of sha512 into rows of sha256, with links, pins and references', async () => {
    const [config, layer, loose] = [randomBytes(100), randomBytes(200), randomBytes(300)];
    for (const bytes of [config, layer, loose]) await push(bytes);
    await pushManifest(config, layer);
    const before = await harness.counts();
    for (const bytes of [config, layer, loose]) {
      await makeFormerRow(bytes);
      expect(await statuses(bytes)).toEqual([404, 200]);
    }
    expect(await completer.run()).toEqual({ blobs: 3, bytes: 600, problems: [] });
    for (const bytes of [config, layer, loose]) expect(await statuses(bytes)).toEqual([200, 200]);
    expect(await harness.counts()).toEqual(before);
    expect(await broken()).toEqual([]);
    const image = await harness.database.db
      .selectFrom('manifest')
      .select('config_digest')
      .executeTakeFirstOrThrow();
    expect(image.config_digest).toBe(digestOf(config));
  });

  it('leaves one copy where the same bytes had a row under each digest', async () => {
    const bytes = randomBytes(sha512AtOnceSizeBytesMax + 1);
    await push(bytes);
    await makeFormerRow(bytes);
    await push(bytes);
    expect(await harness.counts()).toMatchObject({ blob: 2 });
    await completer.run();
    expect(await harness.counts()).toMatchObject({ blob: 1, repository_blob: 1 });
    const folders = await readdir(join(harness.root, 'blobs'), { recursive: true });
    expect(folders.filter((path) => path.includes('.'))).toHaveLength(1);
    expect(await broken()).toEqual([]);
  });

  it.each(['sha256', 'sha512'] as const)('is done by a push under %s as well', async (algorithm) => {
    const bytes = randomBytes(500);
    await push(bytes);
    await makeFormerRow(bytes);
    await push(bytes, algorithm);
    expect(await statuses(bytes)).toEqual([200, 200]);
    expect(await harness.counts()).toMatchObject({ blob: 1, repository_blob: 1 });
    expect(await broken()).toEqual([]);
  });

  it('never gives a digest to bytes that do not have it, and says so once (threats.md C11, F18)', async () => {
    const bytes = randomBytes(sha512AtOnceSizeBytesMax + 1);
    await push(bytes);
    const { storage_key: key } = await harness.database.db
      .selectFrom('blob')
      .select('storage_key')
      .executeTakeFirstOrThrow();
    await truncate(join(harness.root, 'blobs', key), 5);
    const { blobs, problems } = await completer.run();
    expect([blobs, problems]).toEqual([0, [expect.stringContaining(digestOf(bytes))]]);
    expect(await completer.run()).toEqual({ blobs: 0, bytes: 0, problems: [] });
    expect(await statusOf(bytes, 'sha512')).toBe(404);
    await push(bytes);
    await completer.run();
    expect(await statuses(bytes)).toEqual([200, 200]);
  });

  it('ends when it is told to', async () => {
    await push(randomBytes(sha512AtOnceSizeBytesMax + 1));
    expect(await completer.run(AbortSignal.abort())).toMatchObject({ blobs: 0 });
  });
});
