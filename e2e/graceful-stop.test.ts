import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../src/testing/registry-client.ts';
import { createKillHarness, digestOf, type KillHarness } from './kill-harness.ts';
import { adminAuthorization, type ServerProcess, waitUntil } from './server-process.ts';

/** `npm run soak:stop` sets 20 (threats.md F28). */
const soakRuns = process.env['PRATIQUE_TEST_STOPS'];
const runs = Number(soakRuns ?? '1');
const uploads = 20;
const bodyBytes = 5_000_000;
/** The half minute of F28 is asserted by the soak, where nothing else runs; a stop that waits for clients never ends. */
const stopMsMax = soakRuns === undefined ? 90_000 : 30_000;

let harness: KillHarness;
beforeAll(async () => {
  harness = await createKillHarness();
});
afterAll(() => harness.close());

const authorization = adminAuthorization;

interface RunningUpload {
  readonly path: string;
  readonly bytes: Buffer;
  /** Sends what is left of the body. */
  finish(): void;
  /** The status of the PATCH, or undefined when it was cut. */
  readonly ended: Promise<number | undefined>;
}

/** A PATCH of whose body half is sent. */
async function halfUpload(url: string): Promise<RunningUpload> {
  const bytes = randomBytes(bodyBytes);
  const opened = await harness.client.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
  const path = opened.headers.get('location') ?? '';
  const sending = request(new URL(path, url), {
    method: 'PATCH',
    headers: { authorization, 'content-length': bytes.length },
  });
  const ended = new Promise<number | undefined>((done) => {
    sending.on('response', (response) => {
      response.resume();
      done(response.statusCode);
    });
    sending.on('error', () => done(undefined));
    sending.on('close', () => done(undefined));
  });
  sending.write(bytes.subarray(0, bodyBytes / 2));
  await waitUntil('a part has arrived', async () => offsetOf(await harness.client.send(path)) > 0);
  return { path, bytes, finish: () => sending.end(bytes.subarray(bodyBytes / 2)), ended };
}

/** How much of the upload is there. */
function offsetOf({ headers }: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(headers.get('range') ?? '')?.[1]);
  return last === 0 ? 0 : last + 1;
}

/** SIGTERM; calls `drained` as soon as /readyz says no. Returns what it said then, and how long the end took. */
async function stopGracefully(server: ServerProcess, drained: () => void) {
  const startedMs = performance.now();
  server.child.kill('SIGTERM');
  const ended = once(server.child, 'exit');
  let readiness: number | 'refused' = 200;
  while (readiness === 200) {
    readiness = await fetch(`${server.url}/readyz`).then(
      (answer) => answer.status,
      () => 'refused' as const,
    );
  }
  drained();
  const [code] = (await ended) as [number | null];
  return { readiness, code, stopMs: performance.now() - startedMs };
}

it.each(Array.from({ length: runs }, (_, run) => run + 1))(
  `a server that is told to stop with ${uploads} uploads running ends them or leaves them (F28), run %i`,
  async () => {
    const server = await harness.start();
    const kept = randomBytes(100_000);
    expect((await harness.client.pushBlob('team/app', kept)).status).toBe(201);
    const running = await Promise.all(Array.from({ length: uploads }, () => halfUpload(server.url)));
    // Half of them end once the stop has begun; the others never would, and are cut.
    const { readiness, code, stopMs } = await stopGracefully(server, () => {
      for (const { finish } of running.slice(0, uploads / 2)) finish();
    });
    expect([readiness, code]).toEqual([503, 0]);
    console.log(`stopped after ${stopMs.toFixed(0)} ms`);
    expect(stopMs).toBeLessThan(stopMsMax);
    const statuses = await Promise.all(running.map(({ ended }) => ended));
    expect(statuses.slice(0, uploads / 2)).toEqual(Array(uploads / 2).fill(202));
    expect(statuses.slice(uploads / 2)).not.toContain(202);
    expect(await harness.broken()).toEqual([]);
    await harness.start();
    for (const [number, { path, bytes }] of running.entries()) {
      const shown = await harness.client.send(path);
      expect(shown.status).toBe(204);
      const offset = offsetOf(shown);
      if (statuses[number] === 202) expect(offset).toBe(bytes.length);
      const put = await harness.client.send(`${path}?digest=${digestOf(bytes)}`, {
        method: 'PUT',
        body: bytes.subarray(offset),
      });
      expect([put.status, put.message]).toEqual([201, undefined]);
      const read = await harness.client.send(`/v2/team/app/blobs/${digestOf(bytes)}`);
      expect(createHash('sha256').update(read.bytes).digest('hex')).toBe(digestOf(bytes).slice(7));
    }
    expect((await harness.client.send(`/v2/team/app/blobs/${digestOf(kept)}`)).bytes.equals(kept)).toBe(true);
    expect(await harness.broken()).toEqual([]);
  },
);
