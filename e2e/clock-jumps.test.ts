import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { digestOf, pullProblem } from './kill-harness.ts';
import { authorizationOf, type Replica, type ReplicaPair, startReplicaPair } from './replica-pair.ts';
import { adminPassword, waitUntil } from './server-process.ts';

/** Debian's package libfaketime; with CI=true its absence throws. */
const library = faketimeLibrary();

const minute = 60;
const jumps = [
  ['an hour ahead', 60 * minute],
  ['an hour behind', -60 * minute],
  ['two years ahead', 2 * 365 * 24 * 60 * minute],
  ['ten minutes behind', -10 * minute],
] as const;

function faketimeLibrary(): string | undefined {
  const roots = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((machine) => `/usr/lib/${machine}/faketime`);
  const found = roots.find((root) => {
    try {
      return readdirSync(root).includes('libfaketime.so.1');
    } catch {
      return false;
    }
  });
  if (found === undefined && process.env['CI'] === 'true')
    throw new Error('Cannot run in CI without libfaketime: .ci/run must install it');
  return found === undefined ? undefined : join(found, 'libfaketime.so.1');
}

describe.skipIf(library === undefined)('one of two replicas whose clock jumps (threats.md F14)', () => {
  let pair: ReplicaPair;
  let jumping: Replica;
  let environment: Readonly<Record<string, string>>;
  let clockFile: string;

  beforeAll(async () => {
    pair = await startReplicaPair();
    await pair.b.server.stop();
    await pair.a.api.call('POST', '/namespaces', { name: 'team', autoScan: false });
    clockFile = join(pair.dataFolder, 'clock');
    writeFileSync(clockFile, '+0');
    environment = {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      // As when somebody sets the clock of a machine: its timers and the files of the shared disk do not jump.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    jumping = await pair.startReplica(environment);
  });
  afterAll(() => pair?.close());

  /** Sets the clock of the one replica so far beside the other's, and waits until its answers say so. */
  async function jump(seconds: number): Promise<void> {
    writeFileSync(clockFile, `${seconds < 0 ? '' : '+'}${seconds}`);
    await waitUntil('the clock has jumped', async () => {
      const answer = await fetch(`${jumping.server.url}/readyz`);
      const offMs = Date.parse(answer.headers.get('date') ?? '') - Date.now() - seconds * 1000;
      return Math.abs(offMs) < 15_000;
    });
  }

  async function tokenOf(replica: Replica): Promise<{ readonly authorization: string }> {
    const path = '/token?scope=repository:team/app:pull,push';
    const answer = await replica.registry.send(path);
    expect(answer.status).toBe(200);
    return { authorization: `Bearer ${JSON.parse(answer.bytes.toString()).token}` };
  }

  const statusOf = async (replica: Replica, headers: { readonly authorization: string }) =>
    (await new RegistryClient(replica.server.url, headers).send('/v2/team/app/tags/list')).status;

  it('takes the other’s tokens within the leeway, and beyond it refuses them as not signed in', async () => {
    expect((await pair.a.registry.pushImage('team/app', 'first', testImage('first'))).status).toBe(201);
    for (const [seconds, status] of [
      [45, 200],
      [-45, 200],
      [10 * minute, 401],
      [-10 * minute, 401],
      [2 * 365 * 24 * 60 * minute, 401],
    ] as const) {
      await jump(seconds);
      expect([seconds, await statusOf(jumping, await tokenOf(pair.a))]).toEqual([seconds, status]);
      // Behind by ten minutes, it issues tokens that have ended already.
      expect([seconds, await statusOf(pair.a, await tokenOf(jumping))]).toEqual([seconds, status]);
      expect(await statusOf(jumping, await tokenOf(jumping))).toBe(200);
      expect(await statusOf(jumping, authorizationOf('admin', adminPassword))).toBe(200);
    }
  });

  it.each(jumps)('%s: it frees nothing that is held, by server or by command', async (title, seconds) => {
    await jump(0);
    const images = [testImage(`pinned before ${title}`), testImage(`pinned after ${title}`)];
    const [before, after] = images;
    for (const blob of before?.blobs ?? []) await pair.a.registry.pushBlob('team/app', blob);
    const opened = await pair.a.registry.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const location = new URL(opened.headers.get('location') ?? '', pair.a.server.url).pathname;
    const bytes = randomBytes(200_000);
    const half = { method: 'PATCH', body: bytes.subarray(0, 100_000) };
    expect((await pair.a.registry.send(location, half)).status).toBe(202);
    await jump(seconds);
    for (const blob of after?.blobs ?? []) await jumping.registry.pushBlob('team/app', blob);
    const settings = { DATABASE_URL: pair.database.url, PRATIQUE_DATA: pair.dataFolder };
    const collected = await runCli(['gc'], { environment: { ...environment, ...settings } });
    expect([collected.code, collected.errors]).toEqual([0, '']);
    const rest = { method: 'PUT', body: bytes.subarray(100_000) };
    const finished = await jumping.registry.send(`${location}?digest=${digestOf(bytes)}`, rest);
    expect([finished.status, finished.message]).toEqual([201, undefined]);
    for (const image of images) {
      expect((await jumping.registry.pushManifest('team/app', image.digest, image)).status).toBe(201);
      expect(await pullProblem(pair.a.registry, 'team/app', image)).toBeUndefined();
      expect(await pullProblem(jumping.registry, 'team/app', image)).toBeUndefined();
    }
    const checked = await runCli(['fsck', '--deep'], { environment: { ...environment, ...settings } });
    expect(checked.code).toBe(0);
  });

  it.each(jumps)('%s in the middle of an upload: nobody is cut, and it stays ready', async (_, seconds) => {
    await jump(0);
    const bytes = randomBytes(200_000);
    const opened = await jumping.registry.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const location = new URL(opened.headers.get('location') ?? '', jumping.server.url);
    location.searchParams.set('digest', digestOf(bytes));
    location.host = jumping.server.host;
    const put = request(location, {
      method: 'PUT',
      headers: { ...authorizationOf('admin', adminPassword), 'content-length': bytes.length },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      put.on('error', reject).on('response', (answer) => {
        void text(answer).then(() => resolve(answer.statusCode));
      });
    });
    put.write(bytes.subarray(0, 100_000));
    await sleep(300);
    await jump(seconds);
    await sleep(1_500);
    put.end(bytes.subarray(100_000));
    expect(await answered).toBe(201);
    expect((await fetch(`${jumping.server.url}/readyz`)).status).toBe(200);
    const feeds = await jumping.api.call<{ items: unknown[] }>('GET', '/advisories');
    expect(feeds.items).toEqual(expect.any(Array));
  });
});
