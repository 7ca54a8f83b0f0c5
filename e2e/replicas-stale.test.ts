import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, testImage } from '../src/testing/registry-client.ts';
import { buildImage } from '../src/testing/samples/build-image.ts';
import { digestOf } from './kill-harness.ts';
import { authorizationOf, type Replica, type ReplicaPair, startReplicaPair } from './replica-pair.ts';
import { adminPassword, waitUntil } from './server-process.ts';

/** `npm run soak:replicas` sets 1,000 (threats.md P29). */
const soakToggles = process.env['PRATIQUE_TEST_TOGGLES'];
const toggles = Number(soakToggles ?? '20');
/** Every so many toggles, all listening connections are cut just before. */
const cutEvery = 5;
/** The soak asserts the 5 s of P29, where nothing else runs; a server that is not told would go on for good. */
const staleSecondsMax = soakToggles === undefined ? 15 : 5;

let pair: ReplicaPair;
beforeAll(async () => {
  pair = await startReplicaPair({ PRATIQUE_SCAN_CONCURRENCY: '1' });
  await pair.a.api.call('POST', '/namespaces', { name: 'team', autoScan: false });
});
afterAll(() => pair.close());

async function cutListeners(): Promise<void> {
  await pair.database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' or query = 'select 1'`,
  );
}

describe('a policy that is switched on at one replica (threats.md P29)', () => {
  it(`lets nothing pass at the other later than ${staleSecondsMax} s after, ${toggles} times, with listeners cut`, {
    timeout: 300_000 + toggles * 5_000,
  }, async () => {
    const image = testImage('behind the gate');
    expect((await pair.a.registry.pushImage('team/app', 'v1', image)).status).toBe(201);
    const setPolicy = (replica: Replica, mode: 'off' | 'enforce') =>
      replica.api.call('PATCH', '/namespaces/team', {
        policy: {
          mode,
          states: { pending: 'block', failed: 'block', unsupported: 'block', incomplete: 'block' },
        },
      });
    const isServed = async (replica: Replica) => {
      const path = `/v2/team/app/${Math.random() < 0.5 ? 'manifests/v1' : `blobs/${digestOf(image.blobs[1] ?? Buffer.of())}`}`;
      const { status } = await replica.registry.send(path);
      if (![200, 403].includes(status)) throw new Error(`pull: ${status}`);
      return status === 200;
    };
    let latestMs = 0;
    let late = 0;
    for (let toggle = 0; toggle < toggles; toggle += 1) {
      const [here, there] = toggle % 2 === 0 ? [pair.a, pair.b] : [pair.b, pair.a];
      await setPolicy(here, 'off');
      await waitUntil('the gate is open', () => isServed(there));
      if (toggle % cutEvery === 0) await cutListeners();
      await setPolicy(here, 'enforce');
      const committedMs = performance.now();
      for (let refused = 0; refused < 5 && late === 0; ) {
        const askedMs = performance.now() - committedMs;
        if (!(await isServed(there))) refused += 1;
        else {
          latestMs = Math.max(latestMs, askedMs);
          if (askedMs > staleSecondsMax * 1_000) late += 1;
        }
      }
    }
    console.log(`${toggles} toggles: last pass ${latestMs.toFixed(0)} ms after the commit, ${late} too late`);
    expect(late).toBe(0);
  });
});

describe('a replica that stands still (threats.md F16)', () => {
  it('loses its scan and its upload to the other, and what it does when it wakes counts for nothing', async () => {
    await pair.b.server.stop();
    const { registry, server, api } = pair.a;
    const repository = 'team/zombie';
    await api.call('PATCH', '/namespaces/team', { policy: { mode: 'off' } });
    // The scan must still run when the server is stopped: many layers that take a moment each.
    const layers = Array.from({ length: 40 }, (_, index) => ({
      [`opt/${index}.bin`]: Buffer.concat([randomBytes(64), Buffer.alloc(20_000_000)]),
    }));
    const image = buildImage({ layers });
    for (const bytes of image.blobs.values())
      expect((await registry.pushBlob(repository, bytes)).status).toBe(201);
    const manifest = { bytes: image.manifestBytes, digest: image.digest, mediaType: image.mediaType };
    expect((await registry.pushManifest(repository, 'v1', manifest)).status).toBe(201);
    const upload = await slowUpload(repository);
    const [{ id } = { id: 0 }] = await api.all<{ id: number }>(`/images?namespace=team&repository=zombie`);
    await api.call('POST', `/images/${id}/scan`);
    await waitUntil('the scan runs', async () => (await scanRow()).state === 'scanning');
    server.child.kill('SIGSTOP');
    upload.sendRest();
    const stoppedMs = performance.now();
    try {
      const other = await pair.startReplica({ PRATIQUE_SCAN_CONCURRENCY: '1' });
      await resumeUpload(other, upload);
      await waitUntil('the other scans it to its end', async () => (await scanRow()).state === 'scanned');
      const report = await reportRow();
      console.log(
        `upload and scan went on elsewhere; ended ${Math.round((performance.now() - stoppedMs) / 1000)} s after the stop`,
      );
      server.child.kill('SIGCONT');
      expect(await upload.ended).not.toBe(201);
      await waitUntil('it serves again', async () => {
        const { status } = await registry.send(`/v2/${repository}/manifests/v1`);
        return status === 200;
      });
      // What it would still do comes within moments.
      await sleep(3_000);
      expect((await scanRow()).state).toBe('scanned');
      expect(await reportRow()).toEqual(report);
      await waitUntil('no job is left', async () => (await countJobs()) === 0);
      const read = await other.registry.send(`/v2/${repository}/blobs/${digestOf(upload.bytes)}`);
      expect([read.status, digestOf(read.bytes)]).toEqual([200, digestOf(upload.bytes)]);
    } finally {
      server.child.kill('SIGCONT');
    }
  });

  interface SlowUpload {
    readonly location: string;
    readonly bytes: Buffer;
    /** Other bytes than those that the client sends to the other server. */
    sendRest(): void;
    /** Status of the request that hangs while its server stands still; 0 when it was cut. */
    readonly ended: Promise<number>;
  }

  /** A PATCH of which a part has arrived; the rest is in the server's socket when that wakes. */
  async function slowUpload(repository: string): Promise<SlowUpload> {
    const { registry, server } = pair.a;
    const opened = await registry.send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = opened.headers.get('location') ?? '';
    const bytes = randomBytes(8_000_000);
    const { promise: ended, resolve } = Promise.withResolvers<number>();
    const sending = httpRequest(`${server.url}${location}`, {
      method: 'PATCH',
      headers: { ...authorizationOf('admin', adminPassword), 'content-length': bytes.length },
    });
    sending.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sending.on('error', () => resolve(0));
    sending.write(bytes.subarray(0, 5_000_000));
    await waitUntil('a part has arrived', async () => offsetOf(await registry.send(location)) >= 1_000_000);
    return { location, bytes, sendRest: () => sending.end(randomBytes(3_000_000)), ended };
  }

  /** How much of the upload is there. */
  function offsetOf({ headers }: Answer): number {
    return Number(headers.get('range')?.split('-')[1] ?? '-1') + 1;
  }

  async function resumeUpload({ registry }: Replica, { location, bytes }: SlowUpload): Promise<void> {
    await waitUntil('the upload is free', async () => {
      const offset = offsetOf(await registry.send(location));
      const answer = await registry.send(location, {
        method: 'PATCH',
        headers: { 'content-range': `${offset}-${bytes.length - 1}` },
        body: bytes.subarray(offset),
      });
      if (![202, 409].includes(answer.status)) throw new Error(`PATCH: ${answer.status} ${answer.message}`);
      return answer.status === 202;
    });
    const finished = await registry.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' });
    expect([finished.status, finished.message]).toEqual([201, undefined]);
  }

  async function scanRow(): Promise<{ readonly state: string | undefined }> {
    const { rows } = await pair.database.pool.query<{ state: string }>(
      `select s.state from image_scan s join repository_manifest h using (manifest_digest)
       join repository r on r.id = h.repository_id where r.name = 'zombie' and s.category = 'vulnerabilities'`,
    );
    return { state: rows[0]?.state };
  }

  async function reportRow(): Promise<unknown> {
    const { rows } = await pair.database.pool.query(
      `select i.inspected_at, i.outcome, i.package_set, s.revision from image_report i join image_summary s using (manifest_digest)
       join repository_manifest h using (manifest_digest)
       join repository r on r.id = h.repository_id where r.name = 'zombie'`,
    );
    expect(rows).toHaveLength(1);
    return rows[0];
  }

  async function countJobs(): Promise<number> {
    const { rows } = await pair.database.pool.query<{ count: string }>(
      `select count(*) from graphile_worker.jobs where task_identifier = 'scan-image'`,
    );
    return Number(rows[0]?.count);
  }
});
