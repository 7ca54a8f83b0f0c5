import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKillHarness, digestOf, type KillHarness } from './kill-harness.ts';
import { adminAuthorization, type ServerProcess } from './server-process.ts';

/** `npm run soak:stop` sets 20 (threats.md F28). */
const runs = Number(process.env['PRATIQUE_TEST_STOPS'] ?? '1');
const uploads = 20;
const pieces = 40;
const pieceBytes = 64 * 1024;
const stopMsMax = 30_000;

let harness: KillHarness;
beforeAll(async () => {
  harness = await createKillHarness();
});
afterAll(() => harness.close());

const authorization = adminAuthorization;

interface RunningUpload {
  readonly path: string;
  readonly bytes: Buffer;
  /** The status of the PATCH, or undefined when it was cut. */
  readonly ended: Promise<number | undefined>;
}

/** A PATCH whose body takes `durationMs`. */
async function slowUpload(url: string, durationMs: number): Promise<RunningUpload> {
  const bytes = randomBytes(pieces * pieceBytes);
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
  void (async () => {
    for (let piece = 0; piece < pieces && !sending.destroyed; piece += 1) {
      sending.write(bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes));
      await sleep(durationMs / pieces);
    }
    sending.end();
  })();
  return { path, bytes, ended };
}

/** SIGTERM; returns what /readyz said while the server still took requests, and how long the end took. */
async function stopGracefully(server: ServerProcess) {
  const startedMs = performance.now();
  server.child.kill('SIGTERM');
  const ended = once(server.child, 'exit');
  let readiness: number | 'refused' = 200;
  while (readiness === 200 && performance.now() - startedMs < 5_000) {
    readiness = await fetch(`${server.url}/readyz`).then(
      (answer) => answer.status,
      () => 'refused' as const,
    );
  }
  const [code] = (await ended) as [number | null];
  return { readiness, code, stopMs: performance.now() - startedMs };
}

it.each(Array.from({ length: runs }, (_, run) => run + 1))(
  `a server that is told to stop with ${uploads} uploads running ends them or leaves them (F28), run %i`,
  { timeout: 240_000 },
  async () => {
    const server = await harness.start();
    const kept = randomBytes(100_000);
    expect((await harness.client.pushBlob('team/app', kept)).status).toBe(201);
    // Half of them end in time; the others would take a minute and are cut.
    const running = await Promise.all(
      Array.from({ length: uploads }, (_, number) =>
        slowUpload(server.url, number % 2 === 0 ? 4_000 : 60_000),
      ),
    );
    await sleep(1_000);
    const { readiness, code, stopMs } = await stopGracefully(server);
    expect([readiness, code]).toEqual([503, 0]);
    expect(stopMs).toBeLessThan(stopMsMax);
    const statuses = await Promise.all(running.map(({ ended }) => ended));
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThanOrEqual(uploads / 2);
    expect(await harness.broken()).toEqual([]);
    await harness.start();
    for (const [number, { path, bytes }] of running.entries()) {
      const shown = await harness.client.send(path);
      expect(shown.status).toBe(204);
      const last = Number(/^0-(\d+)$/.exec(shown.headers.get('range') ?? '')?.[1]);
      const offset = last === 0 ? 0 : last + 1;
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
