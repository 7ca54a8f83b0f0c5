import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushable, RegistryClient, type TestImage } from '../src/testing/registry-client.ts';
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
const floodImages = Number(process.env['PRATIQUE_TEST_FLOOD'] ?? 1_000);
const pushers = 8;
const scanConcurrency = 2;

const layer = buildLayer(alpineFiles({ musl: '1.1.16-r10' }));
function imageOf(number: number): TestImage {
  return pushable(buildImage({ layers: [layer], configFields: { number } }));
}

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
    expect((await registry.pushImage('flood/app', '0', imageOf(0))).status).toBe(201);
    const timesMs: number[] = [];
    let next = 0;
    const push = async () => {
      for (;;) {
        next += 1;
        const number = next;
        if (number >= floodImages) return;
        const image = imageOf(number);
        const config = image.blobs.find((blob) => !blob.equals(layer.bytes));
        expect((await registry.pushBlob('flood/app', config ?? Buffer.of())).status).toBe(201);
        const startedMs = performance.now();
        expect((await registry.pushManifest('flood/app', String(number), image)).status).toBe(201);
        timesMs[number] = performance.now() - startedMs;
      }
    };
    await Promise.all(Array.from({ length: pushers }, push));
    const tenth = Math.floor(floodImages / 10);
    const figures = {
      pushes: floodImages,
      waiting: await count(`state = 'queued'`),
      firstTenthP50Ms: quantileOf(timesMs.slice(1, tenth), 0.5),
      lastTenthP50Ms: quantileOf(timesMs.slice(-tenth), 0.5),
      lastTenthP99Ms: quantileOf(timesMs.slice(-tenth), 0.99),
    };
    console.log(JSON.stringify(figures));
    expect(figures.waiting).toBeGreaterThan(floodImages / 10);
    expect(figures.lastTenthP50Ms).toBeLessThan(3 * figures.firstTenthP50Ms);
  }, 1_200_000);

  it('lets what is pushed into another namespace in front', async () => {
    const image = imageOf(-1);
    expect((await registry.pushImage('other/app', '1', image)).status).toBe(201);
    const own = `manifest_digest = '${image.digest}'`;
    await waitUntil('it is scanned', 60_000, async () => (await count(`${own} and state = 'scanned'`)) === 1);
    const before = await count(
      `not ${own} and started_at between
        (select queued_at from image_scan where ${own} and category = 'vulnerabilities') and
        (select started_at from image_scan where ${own} and category = 'vulnerabilities')`,
    );
    console.log(JSON.stringify({ scansOfTheFloodBefore: before, waiting: await count(`state = 'queued'`) }));
    // One that was next already, and what the other worker takes meanwhile.
    expect(before).toBeLessThanOrEqual(2 * scanConcurrency);
  });

  it('gives up what always fails, and goes on meanwhile', async () => {
    const { rows: poison } = await database.pool.query<{ state: string }>(
      `select state from image_scan where category = 'vulnerabilities' and manifest_digest = $1`,
      [poisonDigest],
    );
    expect(poison).toEqual([{ state: 'failed' }]);
  });

  it('can be cancelled, and drains', async () => {
    const { rows } = await database.pool.query<{ id: number; digest: string }>(
      `select rm.id, s.manifest_digest as digest from image_scan s
       join repository_manifest rm on rm.manifest_digest = s.manifest_digest
       where s.category = 'vulnerabilities' and s.state = 'queued' and s.place_reason = 'pushed'
       order by s.place desc limit 3`,
    );
    expect(rows).toHaveLength(3);
    const startedMs = performance.now();
    for (const { id } of rows) await api.call('DELETE', `/images/${id}/scan`);
    const digests = rows.map(({ digest }) => `'${digest}'`).join();
    expect(await count(`manifest_digest in (${digests}) and state = 'cancelled'`)).toBe(rows.length);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const [waiting, begunMs] = [await count(`state = 'queued'`), performance.now()];
    await new Promise((done) => setTimeout(done, 3_000));
    const perSecond = (waiting - (await count(`state = 'queued'`))) / ((performance.now() - begunMs) / 1_000);
    console.log(JSON.stringify({ drainedPerSecond: Math.round(perSecond * 10) / 10 }));
    expect(perSecond).toBeGreaterThan(0);
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
    await waitUntil('all are told', 60_000, async () => receiver.received.length >= rows.length);
    const seconds = (performance.now() - startedMs) / 1_000;
    expect(slow.requests()).toBeGreaterThan(0);
    const scanned = (await count(`state = 'scanned'`)) - scannedBefore;
    console.log(JSON.stringify({ told: receiver.received.length, seconds, scansMeanwhile: scanned }));
    expect(scanned).toBeGreaterThan(0);
  });
});
