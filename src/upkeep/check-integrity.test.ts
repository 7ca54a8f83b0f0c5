import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociIndexMediaType } from '../oci/media-types.ts';
import { descriptorOf, testImage, testManifest } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';
import { checkIntegrity } from './check-integrity.ts';

let harness: UpkeepHarness;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());

const image = testImage('checked');
beforeEach(async () => {
  await harness.empty();
  await harness.sql('update namespace set auto_scan = false');
  expect((await harness.client.pushImage('team/app', 'v1', image)).status).toBe(201);
});

async function check(options: { readonly isDeep?: boolean } = {}) {
  const { db } = harness.database;
  return await checkIntegrity({ db, store: harness.store, isDeep: options.isDeep ?? false });
}

/** `INVn subject: problem` of what is broken. */
async function broken(options: { readonly isDeep?: boolean } = {}): Promise<readonly string[]> {
  const { breaches } = await check(options);
  return breaches
    .filter(({ level }) => level === 'broken')
    .map(({ invariant, subject, problem }) => `${invariant} ${subject}: ${problem}`);
}

async function fileOf(blob: Buffer): Promise<string> {
  const { storage_key: key } = await harness.database.db
    .selectFrom('blob')
    .select('storage_key')
    .where('digest', '=', digestOf(blob))
    .executeTakeFirstOrThrow();
  return join(harness.root, 'blobs', key);
}

const [config = Buffer.of(), layer = Buffer.of()] = image.blobs;

describe('checkIntegrity()', () => {
  it.each([true, false])('finds nothing where nothing is wrong; deep: %s', async (isDeep) => {
    const index = testManifest({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      manifests: [descriptorOf(image.bytes, image.mediaType)],
    });
    expect((await harness.client.pushManifest('team/app', 'multi', index)).status).toBe(201);
    await harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    expect(await check({ isDeep })).toEqual({
      checked: { blobs: 2, blobBytes: config.length + layer.length, files: 2, manifests: 2 },
      breaches: [],
      brokenCount: 0,
      reclaimableCount: 0,
      deletedCount: 0,
    });
  });

  it('names a missing and a truncated blob with who holds it, until a push repairs it (INV1)', async () => {
    await rm(await fileOf(config));
    await truncate(await fileOf(layer), 3);
    const { breaches, brokenCount } = await check();
    expect(brokenCount).toBe(2);
    expect(breaches.map(({ subject, problem }) => [subject, problem]).sort()).toEqual(
      [
        [digestOf(config), 'its stored copy is missing'],
        [digestOf(layer), `its stored copy has 3 bytes instead of ${layer.length}`],
      ].sort(),
    );
    for (const { remedy } of breaches)
      expect(remedy).toBe('push it again, which repairs it; it is held by team/app');
    for (const blob of image.blobs) {
      expect((await harness.client.send(`/v2/team/app/blobs/${digestOf(blob)}`)).status).toBe(503);
      expect((await harness.client.pushBlob('team/app', blob)).status).toBe(201);
    }
    expect(await broken({ isDeep: true })).toEqual([]);
  });

  it('finds a flipped bit and swapped files when it reads them (INV1, INV3)', async () => {
    const [first, second] = [randomBytes(100), randomBytes(100)];
    for (const blob of [first, second]) await harness.client.pushBlob('team/app', blob);
    const file = await fileOf(layer);
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(4) ^ 1, 4);
    await writeFile(file, bytes);
    const [a, b] = [await fileOf(first), await fileOf(second)];
    await rename(a, `${a}.aside`);
    await rename(b, a);
    await rename(`${a}.aside`, b);
    expect(await broken()).toEqual([]);
    expect([...(await broken({ isDeep: true }))].sort()).toEqual(
      [
        `INV1 ${digestOf(layer)}: its stored copy hashes to ${digestOf(bytes)}`,
        `INV1 ${digestOf(first)}: its stored copy hashes to ${digestOf(second)}`,
        `INV1 ${digestOf(second)}: its stored copy hashes to ${digestOf(first)}`,
      ].sort(),
    );
  });

  it('finds a manifest whose bytes in the database changed (INV1)', async () => {
    await harness.sql(`update manifest set content = content || '\\x20'`);
    const problem = 'the manifest in the database does not hash to its digest';
    expect(await broken()).toEqual([`INV1 ${image.digest}: ${problem}`]);
  });

  it('finds manifests and tags without what they need (INV2)', async () => {
    const index = testManifest({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      manifests: [descriptorOf(image.bytes, image.mediaType)],
    });
    await harness.client.pushManifest('team/app', 'multi', index);
    await harness.sql(`delete from repository_blob where digest = '${digestOf(layer)}'`);
    expect(await broken()).toEqual([
      `INV2 team/app@${image.digest}: refers to the blob ${digestOf(layer)}, which the repository does not hold`,
    ]);
    await harness.sql(`delete from repository_manifest where manifest_digest = '${image.digest}'`);
    const { rows } = await harness.database.pool.query('select manifest_digest from repository_manifest');
    expect(rows).toEqual([{ manifest_digest: index.digest }]);
    expect(await broken()).toEqual([
      `INV2 team/app@${index.digest}: lists the manifest ${image.digest}, which the repository does not hold`,
      `INV2 team/app:v1: points at ${image.digest}, which the repository does not hold`,
    ]);
  });

  it('tells what was deleted on demand from what was lost (INV2)', async () => {
    const index = testManifest({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      manifests: [descriptorOf(image.bytes, image.mediaType)],
    });
    const { client } = harness;
    await client.pushManifest('team/app', 'multi', index);
    const levels = async () =>
      (await check()).breaches
        .filter(({ invariant }) => invariant === 'INV2')
        .map(({ level, problem }) => [level, problem]);
    const blobHole = `refers to the blob ${digestOf(layer)}, which the repository does not hold`;
    const childHole = `lists the manifest ${image.digest}, which the repository does not hold`;
    const remove = async (path: string) =>
      expect((await client.send(`/v2/team/app/${path}`, { method: 'DELETE' })).status).toBe(202);
    await remove(`blobs/${digestOf(layer)}`);
    expect(await levels()).toEqual([['deleted', blobHole]]);
    expect((await check()).brokenCount).toBe(0);
    // Pushed again, it is held again: what goes then was lost.
    expect((await client.pushImage('team/app', 'v1', image)).status).toBe(201);
    expect(await levels()).toEqual([]);
    await harness.sql(`update repository_manifest set pushed_at = now()`);
    await harness.sql(`delete from repository_blob where digest = '${digestOf(layer)}'`);
    expect(await levels()).toEqual([['broken', blobHole]]);
    await remove(`manifests/${image.digest}`);
    await harness.sql(`update event set at = now() + interval '1 s' where kind = 'image.deleted'`);
    expect(await levels()).toEqual([['deleted', childHole]]);
  });

  it('does not miss foreign layers, which lie elsewhere', async () => {
    const foreign = testImage('foreign', {
      layers: [
        {
          ...descriptorOf(randomBytes(10), 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'),
          urls: ['https://example.org/layer'],
        },
      ],
    });
    expect((await harness.client.pushImage('team/app', 'foreign', foreign)).status).toBe(201);
    expect(await broken()).toEqual([]);
  });

  it('finds files that it did not name, and orphans that are not what they are named (INV3)', async () => {
    await writeFile(join(harness.root, 'blobs', 'README'), 'hello');
    const uploadId = randomUUID();
    await harness.store.create(uploadId);
    await harness.store.append(uploadId, 0, Readable.from([Buffer.from('orphan')]));
    const stored = await harness.store.commit(uploadId, digestOf(Buffer.from('orphan')));
    if (stored.kind !== 'stored') throw new Error('expected a stored blob');
    await writeFile(join(harness.root, 'blobs', stored.key), 'other');
    const foreign = 'INV3 README: this file of the blob store has a name that Pratique does not give';
    expect(await broken()).toEqual([foreign]);
    expect(await broken({ isDeep: true })).toContain(
      `INV3 ${stored.key}: this file hashes to ${digestOf(Buffer.from('other'))}; nothing refers to it`,
    );
  });

  it('counts what waits for the collector apart: it is not broken (INV5)', async () => {
    const uploadId = randomUUID();
    await harness.store.create(uploadId);
    await harness.store.append(uploadId, 0, Readable.from([Buffer.from('orphan')]));
    await harness.store.commit(uploadId, digestOf(Buffer.from('orphan')));
    await harness.store.create(randomUUID());
    await harness.ageUploads();
    const blob = randomBytes(10);
    await harness.client.pushBlob('team/app', blob);
    await harness.sql(`delete from repository_blob where digest = '${digestOf(blob)}'`);
    await harness.sql(`update blob set state = 'deleting' where digest = '${digestOf(blob)}'`);
    expect(await check()).toMatchObject({ brokenCount: 0, reclaimableCount: 3 });
    await harness.collector().collectAll();
    expect(await check()).toMatchObject({ brokenCount: 0, reclaimableCount: 0 });
  });

  it('finds images that were never scanned, and queued ones without a job (INV6)', async () => {
    await harness.sql('update namespace set auto_scan = true');
    const name = `team/app@${image.digest}`;
    expect(await broken()).toEqual([`INV6 ${name}: has neither a scan nor a result`]);
    // Switched on after the push: then nothing was promised.
    await harness.sql(
      `insert into event (kind, namespace_id, actor, subject) select 'namespace.changed', id, 'admin', name from namespace`,
    );
    expect(await broken()).toEqual([]);
    await harness.sql(`insert into image_scan (manifest_digest, category, state, queued_at)
      values ('${image.digest}', 'vulnerabilities', 'queued', now())`);
    expect(await broken()).toEqual([`INV6 ${image.digest}: is queued for a scan without a job`]);
    await harness.sql(`select graphile_worker.add_job('scan-image', job_key => 'scan:${image.digest}')`);
    expect(await broken()).toEqual([]);
  });

  it('finds a tag that was moved under a rule that forbids it, and doubts no other (INV8)', async () => {
    await harness.client.pushImage('team/app', 'v1', testImage('moved'));
    await harness.sql(`update tag set updated_at = created_at + interval '1 hour'`);
    expect(await broken()).toEqual([]);
    await harness.sql(`insert into immutability_rule (namespace_id, template, repository_pattern, repository_match,
        tag_pattern, tag_match, created_by, created_at)
      select id, 'custom', '**', 'matching', 'v*', 'matching', 'admin', now() - interval '1 day' from namespace`);
    expect(await broken()).toEqual([
      expect.stringMatching(/^INV8 team\/app:v1: was moved at .*, though it is immutable$/),
    ]);
    // The rule was switched on or changed since: nothing can be told.
    await harness.sql(`insert into event (at, kind, namespace_id, actor, subject)
      select now() + interval '2 hours', 'immutability-rule.changed', id, 'admin', '1' from namespace`);
    expect(await broken()).toEqual([]);
  });
});

describe('a blob that the collector takes while it is checked', () => {
  it('is not reported', async () => {
    const blobs = Array.from({ length: 30 }, () => randomBytes(10));
    for (const blob of blobs) await harness.client.pushBlob('team/app', blob);
    await harness.sql('delete from blob_pin');
    const [report] = await Promise.all([check({ isDeep: true }), harness.collector().collectAll()]);
    expect(report.brokenCount).toBe(0);
    expect(await harness.counts()).toMatchObject({ blob: image.blobs.length });
  });
});
