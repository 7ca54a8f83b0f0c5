import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, pushable, RegistryClient, type TestImage } from '../src/testing/registry-client.ts';
import { buildImage, buildLayer } from '../src/testing/samples/build-image.ts';
import { alpineFiles } from '../src/testing/samples/small-feed.ts';
import {
  startSilentReceiver,
  startWebhookReceiver,
  type WebhookReceiver,
} from '../src/testing/webhook-receiver.ts';
import { ApiClient } from './api-client.ts';
import { type OwnDatabase, startOwnDatabase } from './own-database.ts';
import { adminAuthorization, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

/** threats.md F27 asks for 10,000 (`npm run soak:queue`). */
const floodImages = Number(process.env['PRATIQUE_TEST_FLOOD'] ?? 400);
const pushers = 8;
const scanConcurrency = 2;

/** With a layer of its own: to read one takes longer than to push one on every machine, so that the queue grows. */
function imageOf(number: number): TestImage {
  const files = { ...alpineFiles({ musl: '1.1.16-r10' }), 'srv/number': String(number) };
  return pushable(buildImage({ layers: [buildLayer(files)], configFields: { number } }));
}

/** So many of the last pushes are compared with pushes that are not queued. */
const compared = 100;
const quantileOf = (timesMs: readonly number[], share: number): number => {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
};

describe('a flood of pushes into one namespace (threats.md F27)', () => {
  let database: OwnDatabase;
  let server: ServerProcess;
  let api: ApiClient;
  let registry: RegistryClient;
  let receiver: WebhookReceiver;
  let slow: Awaited<ReturnType<typeof startSilentReceiver>>;
  let poisonDigest = '';

  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    slow = await startSilentReceiver();
    database = await startOwnDatabase();
    server = await startServerProcess({
      environment: {
        DATABASE_URL: database.url,
        PRATIQUE_ADVISORY_BUNDLE: 'manual',
        PRATIQUE_SCAN_CONCURRENCY: String(scanConcurrency),
        PRATIQUE_EGRESS_ALLOW: '127.0.0.1/32',
      },
    });
    api = new ApiClient(server.url);
    registry = new RegistryClient(server.url, { authorization: adminAuthorization });
    for (const name of ['flood', 'other']) await api.call('POST', '/namespaces', { name });
    await api.call('POST', '/namespaces', { name: 'calm', autoScan: false });
  });
  afterAll(async () => {
    await server?.stop();
    server?.clean();
    await database?.close();
    await receiver?.close();
    await slow?.[Symbol.asyncDispose]();
  });

  const count = async (condition: string): Promise<number> => {
    const { rows } = await database.pool.query<{ count: string }>(
      `select count(*) as count from image_scan where category = 'vulnerabilities' and ${condition}`,
    );
    return Number(rows[0]?.count);
  };

  /** Pushes an image whose scan fails each time, because its config is gone from the store; it is scanned before all others. */
  const pushPoison = async (): Promise<string> => {
    const image = imageOf(-2);
    await api.call('PATCH', '/namespaces/flood', { autoScan: false });
    expect((await registry.pushImage('flood/poison', '1', image)).status).toBe(201);
    const { rows } = await database.pool.query<{ id: number; storage_key: string }>(
      `select rm.id, b.storage_key from repository_manifest rm
       join manifest m on m.digest = rm.manifest_digest join blob b on b.digest = m.config_digest
       where m.digest = $1`,
      [image.digest],
    );
    rmSync(join(server.dataFolder, 'blobs', 'blobs', rows[0]?.storage_key ?? ''));
    await api.call('POST', `/images/${rows[0]?.id}/scan`);
    await api.call('PATCH', '/namespaces/flood', { autoScan: true });
    return image.digest;
  };

  it('does not make pushes slower', async () => {
    poisonDigest = await pushPoison();
    /** Of manifests that are queued and of some, each after one of those, that are not: both at the same moments. */
    const timesMs: Record<'flood' | 'calm', number[]> = { flood: [], calm: [] };
    const pushInto = async (namespace: 'flood' | 'calm', number: number) => {
      const image = imageOf(number);
      for (const blob of image.blobs) await done(() => registry.pushBlob(`${namespace}/app`, blob));
      const startedMs = performance.now();
      await done(() => registry.pushManifest(`${namespace}/app`, String(number), image));
      timesMs[namespace].push(performance.now() - startedMs);
    };
    /** A machine that is busy otherwise may shed a request (F10), which is sent again. */
    const done = async (send: () => Promise<Answer>): Promise<void> => {
      let answer = await send();
      while (answer.status === 503) answer = await send();
      expect([answer.status, answer.message]).toEqual([201, undefined]);
    };
    let next = 0;
    const push = async () => {
      while (next < floodImages) {
        next += 1;
        const number = next;
        await pushInto('flood', number);
        if (number > floodImages - compared) await pushInto('calm', floodImages + number);
      }
    };
    await Promise.all(Array.from({ length: pushers }, push));
    const last = timesMs.flood.slice(-compared);
    const figures = {
      pushes: floodImages,
      waiting: await count(`state = 'queued'`),
      calmP50Ms: quantileOf(timesMs.calm, 0.5),
      firstP50Ms: quantileOf(timesMs.flood.slice(0, compared), 0.5),
      lastP50Ms: quantileOf(last, 0.5),
      lastP99Ms: quantileOf(last, 0.99),
    };
    console.log(JSON.stringify(figures));
    expect(figures.waiting).toBeGreaterThan(floodImages / 10);
    expect(figures.lastP50Ms).toBeLessThan(3 * figures.calmP50Ms);
  }, 1_200_000);

  it('lets what is pushed into another namespace in front', async () => {
    const image = imageOf(-1);
    expect((await registry.pushImage('other/app', '1', image)).status).toBe(201);
    const { rows } = await database.pool.query<{ pushed: string }>(
      'select clock_timestamp()::text as pushed',
    );
    const own = `manifest_digest = '${image.digest}'`;
    await waitUntil('it is scanned', async () => (await count(`${own} and state = 'scanned'`)) === 1);
    const before = await count(
      `not ${own} and started_at between '${rows[0]?.pushed}' and
        (select started_at from image_scan where ${own} and category = 'vulnerabilities')`,
    );
    console.log(JSON.stringify({ scansOfTheFloodBefore: before, waiting: await count(`state = 'queued'`) }));
    // One that was next already, and what the other worker takes meanwhile.
    expect(before).toBeLessThanOrEqual(2 * scanConcurrency);
  });

  it('gives up what always fails, and goes on meanwhile', async () => {
    const poison = `manifest_digest = '${poisonDigest}'`;
    await waitUntil('it is given up', async () => (await count(`${poison} and state = 'failed'`)) === 1);
    const others = await count(
      `not ${poison} and state = 'scanned' and started_at <
        (select finished_at from image_scan where ${poison} and category = 'vulnerabilities')`,
    );
    expect(others).toBeGreaterThan(0);
  });

  it('can be cancelled, and drains', async () => {
    const { rows } = await database.pool.query<{ id: number; digest: string }>(
      `select rm.id, s.manifest_digest as digest from image_scan s
       join repository_manifest rm on rm.manifest_digest = s.manifest_digest
       where s.category = 'vulnerabilities' and s.state = 'queued' and s.place_reason = 'pushed'
       order by s.place desc limit 3`,
    );
    expect(rows).toHaveLength(3);
    for (const { id } of rows) await api.call('DELETE', `/images/${id}/scan`);
    const digests = rows.map(({ digest }) => `'${digest}'`).join();
    expect(await count(`manifest_digest in (${digests}) and state = 'cancelled'`)).toBe(rows.length);
    const [waiting, begunMs] = [await count(`state = 'queued'`), performance.now()];
    await waitUntil('ten more are scanned', async () => (await count(`state = 'queued'`)) <= waiting - 10);
    const perSecond = 10 / ((performance.now() - begunMs) / 1_000);
    console.log(JSON.stringify({ drainedPerSecond: Math.round(perSecond * 10) / 10 }));
  });

  it('holds no notification back, and slow receivers hold back neither scans nor other receivers', async () => {
    const kinds = ['pull.blocked'];
    const hook = (at: string, name: string, url: string) =>
      api.call('POST', at, { name, format: 'cloudevents', url, kinds });
    await hook('/namespaces/flood/webhooks', 'slow', slow.url);
    await hook('/webhooks', 'fast', receiver.url);
    await api.call('PATCH', '/namespaces/flood', {
      policy: { mode: 'enforce', states: { pending: 'block' } },
    });
    const { rows } = await database.pool.query<{ digest: string }>(
      `select manifest_digest as digest from image_scan
       where category = 'vulnerabilities' and state = 'queued' and place_reason = 'pushed'
       order by place desc limit 30`,
    );
    // The policy is known everywhere within seconds.
    await expect
      .poll(async () => (await registry.send(`/v2/flood/app/manifests/${rows[0]?.digest}`)).status)
      .toBe(403);
    const scannedBefore = await count(`state = 'scanned'`);
    const startedMs = performance.now();
    for (const { digest } of rows)
      expect((await registry.send(`/v2/flood/app/manifests/${digest}`)).status).toBe(403);
    await waitUntil('all are told', async () => receiver.received.length >= rows.length);
    const seconds = (performance.now() - startedMs) / 1_000;
    console.log(JSON.stringify({ told: receiver.received.length, seconds }));
    await waitUntil('the slow one is asked, too', async () => slow.requests() > 0);
    await waitUntil('scans go on', async () => (await count(`state = 'scanned'`)) > scannedBefore);
  });
});
