import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { foldUsage, readUsages } from '../catalog/quota.ts';
import { basic, RegistryClient, type TestImage, testImage } from '../testing/registry-client.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';
import { checkUsages } from './_usage-checks.ts';
import type { Breach } from './breach.ts';

const openUploadsMax = 150;
let harness: UpkeepHarness;
let refusals: string[] = [];
beforeAll(async () => {
  harness = await startUpkeepHarness({
    openUploadsMax,
    onQuotaRefused: (namespace) => refusals.push(namespace),
  });
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.empty();
  refusals = [];
});
// INV7, whatever a test did.
afterEach(async () => {
  expect(await breaches()).toEqual([]);
});

async function breaches(): Promise<readonly Breach[]> {
  const found: Breach[] = [];
  for await (const breach of checkUsages(harness.database.db)) found.push(breach);
  return found;
}

async function namespaceId(name = 'team'): Promise<number> {
  const { db } = harness.database;
  return (await db.selectFrom('namespace').select('id').where('name', '=', name).executeTakeFirstOrThrow())
    .id;
}

async function usedBytes(name = 'team'): Promise<number | undefined> {
  const id = await namespaceId(name);
  return (await readUsages(harness.database.db, [id])).get(id)?.usedBytes;
}

async function setQuota(quotaBytes: number | null, name = 'team'): Promise<void> {
  await harness.sql(`update namespace set quota_bytes = ${quotaBytes} where name = '${name}'`);
}

const sizeOf = (image: TestImage) => image.blobs.reduce((sum, blob) => sum + blob.length, image.bytes.length);

async function push(repository: string, tag: string, image: TestImage): Promise<void> {
  expect((await harness.client.pushImage(repository, tag, image)).status).toBe(201);
}

async function open(client: RegistryClient, repository = 'team/app'): Promise<string> {
  const opened = await client.send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  expect(opened.status).toBe(202);
  return opened.headers.get('location') ?? '';
}

describe('the usage of a namespace', () => {
  it('counts each distinct blob and manifest once, whatever repositories hold it', async () => {
    const image = testImage('counted once');
    await push('team/one', 'v1', image);
    expect(await usedBytes()).toBe(sizeOf(image));
    await push('team/two', 'v1', image);
    await push('team/two', 'v2', image);
    expect(await usedBytes()).toBe(sizeOf(image));
    const other = testImage('another', { layers: [] });
    await push('team/one', 'other', other);
    expect(await usedBytes()).toBe(sizeOf(image) + sizeOf(other));
    expect(
      (await harness.client.send(`/v2/team/one/manifests/${image.digest}`, { method: 'DELETE' })).status,
    ).toBe(202);
    await harness.collector().collectAll();
    expect(await usedBytes()).toBe(sizeOf(image) + sizeOf(other));
    await harness.client.send(`/v2/team/two/manifests/${image.digest}`, { method: 'DELETE' });
    await harness.collector().collectAll();
    expect(await usedBytes()).toBe(sizeOf(other));
  });

  it('counts what open uploads have received, and no more once they end (threats.md E10)', async () => {
    const location = await open(harness.client);
    await harness.client.send(location, { method: 'PATCH', body: randomBytes(1_000) });
    expect(await usedBytes()).toBe(1_000);
    await harness.client.send(location, { method: 'PATCH', body: randomBytes(500) });
    expect(await usedBytes()).toBe(1_500);
    await harness.client.send(location, { method: 'DELETE' });
    expect(await usedBytes()).toBe(0);
  });

  it('is the same before, while and after differences are folded', async () => {
    const images = Array.from({ length: 6 }, (_, number) => testImage(`folded ${number}`));
    const { db } = harness.database;
    let isDone = false;
    const folding = Promise.all(
      [1, 2].map(async () => {
        while (!isDone) await foldUsage(db, 3);
      }),
    );
    await Promise.all(
      images.map((image, number) => push(`team/r${number % 2}`, `v${number}`, image)),
    ).finally(() => {
      isDone = true;
    });
    await folding;
    const total = images.reduce((sum, image) => sum + sizeOf(image), 0);
    expect(await usedBytes()).toBe(total);
    while ((await foldUsage(db, 1_000)) > 0);
    const open = await db.selectFrom('namespace_usage_delta').selectAll().execute();
    expect([await usedBytes(), open]).toEqual([total, []]);
  });

  it('goes with its namespace, and with a repository whose row is deleted by whatever means', async () => {
    const image = testImage('in a repository');
    await push('team/one', 'v1', image);
    await open(harness.client, 'team/one');
    await harness.sql(`delete from repository where name = 'one'`);
    expect(await usedBytes()).toBe(0);
    await push('team/two', 'v1', image);
    const id = await namespaceId();
    await harness.deleteNamespace('team');
    const { db } = harness.database;
    for (const table of ['namespace_content', 'namespace_usage', 'namespace_usage_delta'] as const) {
      expect(await db.selectFrom(table).selectAll().where('namespace_id', '=', id).execute()).toEqual([]);
    }
  });

  it('is compared with what is there by fsck (INV7)', async () => {
    await push('team/app', 'v1', testImage('to be compared'));
    await harness.sql(
      'insert into namespace_usage_delta (namespace_id, size_bytes, cause, subject) ' +
        `values (${await namespaceId()}, 7, 'blob', 'made up')`,
    );
    await harness.sql('update namespace_content set link_count = 2');
    expect(await breaches()).toMatchObject([
      { invariant: 'INV7', level: 'broken', subject: 'namespace team' },
      {
        invariant: 'INV7',
        level: 'broken',
        problem: expect.stringContaining('3 of its blobs and manifests'),
      },
    ]);
    await harness.empty();
  });
});

describe('a quota', () => {
  it('refuses what does not fit, of known length before a byte is read, and says why', async () => {
    await setQuota(10_000);
    const layer = randomBytes(10_001);
    const location = await open(harness.client);
    const answers = [
      await harness.client.send(`${location}?digest=${digestOf(layer)}`, { method: 'PUT', body: layer }),
      await harness.client.send(await open(harness.client), { method: 'PATCH', body: layer }),
      await harness.client.send(`/v2/team/app/blobs/uploads/?digest=${digestOf(layer)}`, {
        method: 'POST',
        body: layer,
      }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.codes]).toEqual([403, ['DENIED']]);
      expect(answer.message).toMatch(/the namespace "team" may hold 0\.0 MiB and holds 0\.0 MiB, got/);
      expect(JSON.parse(answer.bytes.toString()).errors[0].detail).toEqual({
        reason: 'quota',
        namespace: 'team',
        usedBytes: 0,
        quotaBytes: 10_000,
        wantedBytes: 10_001,
      });
    }
    // Nothing of it stays.
    expect(await usedBytes()).toBe(0);
    expect(refusals).toEqual(['team', 'team', 'team']);
    const events = await harness.database.db
      .selectFrom('event')
      .select(['subject', 'details'])
      .where('kind', '=', 'quota.exceeded')
      .execute();
    expect(events).toEqual([
      { subject: 'team/app', details: { usedBytes: 0, quotaBytes: 10_000, wantedBytes: 10_001 } },
    ]);
  });

  it('lets in what fits to the last byte, deletions and everything that is there already', async () => {
    const [image, other] = [testImage('to the last byte'), testImage('another one')];
    await setQuota(sizeOf(image));
    await push('team/app', 'v1', image);
    expect((await harness.client.pushManifest('team/app', 'v2', image)).status).toBe(201);
    expect(await usedBytes()).toBe(sizeOf(image));
    // Mounting and naming again needs no room.
    for (const blob of image.blobs) {
      const mount = `/v2/team/other/blobs/uploads/?mount=${digestOf(blob)}&from=team/app`;
      expect((await harness.client.send(mount, { method: 'POST' })).status).toBe(201);
    }
    expect((await harness.client.pushManifest('team/other', 'v1', image)).status).toBe(201);
    expect((await harness.client.pushBlob('team/app', other.blobs[0] ?? Buffer.of())).status).toBe(403);
    expect((await harness.client.send('/v2/team/app/manifests/v1')).status).toBe(200);
    for (const repository of ['team/app', 'team/other']) {
      const path = `/v2/${repository}/manifests/${image.digest}`;
      expect((await harness.client.send(path, { method: 'DELETE' })).status).toBe(202);
    }
    await harness.sql('update blob_pin set expires_at = now()');
    await harness.collector().collectAll();
    expect(await usedBytes()).toBe(0);
    await push('team/app', 'v3', image);
  });

  it('stops a body of unknown length where the quota ends', async () => {
    await setQuota(3_000_000);
    const location = await open(harness.client);
    const sent = await sendEndlessly(`${harness.url}${location}`);
    expect(sent.status).toBe(403);
    expect(sent.bytes).toBeLessThan(60_000_000);
    expect(await usedBytes()).toBe(0);
    // One that fits is let in whole.
    const layer = randomBytes(2_900_000);
    const patched = await sendChunked(`${harness.url}${await open(harness.client)}`, layer);
    expect([patched, await usedBytes()]).toEqual([202, 2_900_000]);
  });

  it('refuses mounts and manifests too', async () => {
    const image = testImage('mounted');
    await harness.sql(`insert into namespace (name) values ('other')`);
    await harness.sql(`insert into namespace_member (namespace_id, account_id, role)
      select n.id, a.id, 'admin' from namespace n, account a where n.name = 'other' and a.name = 'owner'`);
    await push('other/app', 'v1', image);
    const [config, layer] = image.blobs.map((blob) => blob.length);
    await setQuota((config ?? 0) + (layer ?? 0) - 1);
    const mount = (blob: Buffer) =>
      harness.client.send(`/v2/team/app/blobs/uploads/?mount=${digestOf(blob)}&from=other/app`, {
        method: 'POST',
      });
    const answers = [];
    for (const blob of image.blobs) answers.push(await mount(blob));
    expect(answers.map(({ status, codes }) => [status, ...codes])).toEqual([[201], [403, 'DENIED']]);
    await setQuota((config ?? 0) + (layer ?? 0) + image.bytes.length - 1);
    expect((await mount(image.blobs[1] ?? Buffer.of())).status).toBe(201);
    const refused = await harness.client.pushManifest('team/app', 'v1', image);
    expect([refused.status, refused.codes]).toEqual([403, ['DENIED']]);
    await setQuota(null);
    expect((await harness.client.pushManifest('team/app', 'v1', image)).status).toBe(201);
  });

  it('is never exceeded by 64 clients at once, and none gets a 5xx (threats.md F9)', async () => {
    const sizeBytes = 20_000;
    await setQuota(20 * sizeBytes);
    const layers = Array.from({ length: 64 }, () => randomBytes(sizeBytes));
    const statuses = await Promise.all(
      layers.map(async (layer) => (await harness.client.pushBlob('team/app', layer)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([201, 403]));
    const letIn = statuses.filter((status) => status === 201).length;
    expect(letIn).toBeLessThanOrEqual(20);
    expect(await usedBytes()).toBe(letIn * sizeBytes);
    // The same image, from all of them at once, into one repository and into their own.
    await setQuota(null);
    const image = testImage('of all');
    const answers = await Promise.all(
      layers.map((_, number) =>
        harness.client.pushImage(number % 2 === 0 ? 'team/one' : `team/own${number}`, `v${number}`, image),
      ),
    );
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    expect(await usedBytes()).toBe(letIn * sizeBytes + sizeOf(image));
  });
});

describe('open uploads', () => {
  it('fill the quota and no more; other namespaces are not touched, and the janitor frees them (threats.md E10)', async () => {
    await harness.sql(`insert into namespace (name) values ('other')`);
    await harness.sql(`insert into namespace_member (namespace_id, account_id, role)
      select n.id, a.id, 'admin' from namespace n, account a where n.name = 'other' and a.name = 'owner'`);
    await setQuota(100 * 1_000);
    const body = randomBytes(1_000);
    const uploads = await Promise.all(Array.from({ length: 100 }, () => open(harness.client)));
    for (const location of uploads) {
      expect((await harness.client.send(location, { method: 'PATCH', body })).status).toBe(202);
    }
    expect(await usedBytes()).toBe(100_000);
    const one = await harness.client.send(await open(harness.client), { method: 'PATCH', body });
    expect([one.status, one.codes]).toEqual([403, ['DENIED']]);
    expect((await harness.client.pushImage('other/app', 'v1', testImage('elsewhere'))).status).toBe(201);
    await harness.sql(`update upload set touched_at = now() - interval '86399 seconds'`);
    expect(await harness.collector().collectAll()).toMatchObject({ uploads: { count: 0 } });
    await harness.sql(`update upload set touched_at = now() - interval '86401 seconds'`);
    expect(await harness.collector().collectAll()).toMatchObject({
      uploads: { count: 100, sizeBytes: 100_000 },
    });
    expect(await usedBytes()).toBe(0);
    expect((await harness.client.pushBlob('team/app', body)).status).toBe(201);
  });

  it('are limited in number for each namespace, also of clients that come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: openUploadsMax + 10 }, () =>
        harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' }),
      ),
    );
    const opened = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 429);
    expect([opened.length + refused.length, opened.length <= openUploadsMax]).toEqual([answers.length, true]);
    expect(refused[0]?.codes).toEqual(['TOOMANYREQUESTS']);
    expect(refused[0]?.headers.get('retry-after')).toBe('60');
    const [first] = opened;
    await harness.client.send(first?.headers.get('location') ?? '', { method: 'DELETE' });
    await open(new RegistryClient(harness.url, basic('owner')));
  });
});

/** Sends until the server answers or cuts; how much it took, and what it answered. */
async function sendEndlessly(url: string): Promise<{ readonly status: number; readonly bytes: number }> {
  const chunk = randomBytes(64 * 1024);
  return await new Promise((resolve, reject) => {
    let bytes = 0;
    let isAnswered = false;
    const sending = request(url, { method: 'PATCH', headers: basic('owner') }, (response) => {
      isAnswered = true;
      response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
      sending.destroy();
    });
    const write = () => {
      while (!isAnswered) {
        bytes += chunk.length;
        if (!sending.write(chunk)) return sending.once('drain', write);
      }
      return undefined;
    };
    sending.once('error', (error) => {
      if (!isAnswered) reject(error);
    });
    write();
  });
}

async function sendChunked(url: string, body: Buffer): Promise<number> {
  return await new Promise((resolve, reject) => {
    const sending = request(url, { method: 'PATCH', headers: basic('owner') }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sending.once('error', reject);
    for (let at = 0; at < body.length; at += 100_000) sending.write(body.subarray(at, at + 100_000));
    sending.end();
  });
}
