import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../src/bytes/digest.ts';
import { RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { ApiClient } from './api-client.ts';
import { adminAuthorization, type ServerProcess, startServerProcess } from './server-process.ts';

/** `npm run soak:slow` sets 2,000 and leaves the limits as they are; here they are a twelfth (threats.md E8). */
const soakClients = process.env['PRATIQUE_TEST_SLOW_CLIENTS'];
const slowClients = Number(soakClients ?? '200');
const timeoutSeconds = soakClients === undefined ? 5 : 60;
/** Node's own limits would end them after a minute; how soon each is cut is asserted where nothing else runs. */
const giveUpSeconds = timeoutSeconds * (soakClients === undefined ? 8 : 3);
const pullsMs = soakClients === undefined ? 2_000 : 10_000;
const dripEveryMs = 1_000;
const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];

let server: ServerProcess;
let authorization: string;
const image = testImage('slow');
const large = randomBytes(32 * 1024 * 1024);

beforeAll(async () => {
  server = await startServerProcess({
    environment: {
      PRATIQUE_CLIENT_TIMEOUT: String(timeoutSeconds),
      PRATIQUE_ADVISORIES: 'file:/nonexistent',
      PRATIQUE_LOG_LEVEL: 'error',
    },
  });
  await new ApiClient(server.url).call('POST', '/namespaces', { name: 'slow', autoScan: false });
  const answer = await fetch(`${server.url}/token?scope=repository:slow/app:pull,push`, {
    headers: { authorization: adminAuthorization },
  });
  authorization = `Bearer ${JSON.parse(await answer.text()).token}`;
  const client = new RegistryClient(server.url, { authorization });
  expect((await client.pushImage('slow/app', 'v1', image)).status).toBe(201);
  expect((await client.pushBlob('slow/app', large)).status).toBe(201);
});
afterAll(async () => {
  await server.stop();
  server.clean();
});

/** Milliseconds that each request took, slowest last; each answer must be 200. */
async function timesOf(
  paths: readonly string[],
  options: { readonly durationMs: number },
): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + options.durationMs;
  while (performance.now() < endMs) {
    for (const path of paths) {
      const startedMs = performance.now();
      const answer = await fetch(`${server.url}${path}`, { headers: { authorization } });
      await answer.arrayBuffer();
      expect(answer.status).toBe(200);
      times.push(performance.now() - startedMs);
    }
  }
  return times.sort((one, other) => one - other);
}

function p99Of(times: readonly number[]): number {
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function residentMib(): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** What each kind of slow client begins with, and whether it goes on with a byte a second. */
const kinds: readonly { readonly drips: boolean; readonly begin: () => Promise<string> | string }[] = [
  { drips: false, begin: () => '' },
  { drips: true, begin: () => 'GET /v2/ HTTP/1.1\r\nhost: a\r\nx-slow: ' },
  {
    drips: true,
    begin: () => 'PUT /v2/slow/app/manifests/v2 HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n',
  },
  {
    drips: true,
    begin: async () => {
      const opened = await fetch(`${server.url}/v2/slow/app/blobs/uploads/`, {
        method: 'POST',
        headers: { authorization },
      });
      const path = new URL(opened.headers.get('location') ?? '', server.url).pathname;
      return `PATCH ${path} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: 1000000\r\n\r\n`;
    },
  },
  {
    drips: false,
    begin: () =>
      `GET /v2/slow/app/blobs/${digestOf(large)} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n\r\n`,
  },
];

const stalledKind = kinds.length - 1;

interface SlowClient {
  readonly socket: Socket;
  readonly drips: boolean;
  readonly kind: number;
  readonly openedMs: number;
  closedMs: number | undefined;
}

async function openSlow(number: number): Promise<SlowClient> {
  const kind = number % kinds.length;
  const { drips, begin } = kinds[kind] ?? { drips: false, begin: () => '' };
  const localAddress = addresses[number % addresses.length];
  const port = Number(server.host.split(':')[1]);
  const socket = connect({ port, host: '127.0.0.1', ...(localAddress ? { localAddress } : {}) });
  socket.on('error', () => {}); // cut connections may be reset
  await once(socket, 'connect');
  const client: SlowClient = { socket, drips, kind, openedMs: performance.now(), closedMs: undefined };
  socket.once('close', () => {
    client.closedMs = performance.now();
  });
  // The last kind takes nothing; of the others nothing but an end is expected.
  if (kind !== stalledKind) socket.resume();
  socket.write(await begin());
  return client;
}

it(`cuts ${slowClients} slow connections in time and serves others meanwhile (threats.md E8)`, async () => {
  const paths = ['/v2/slow/app/manifests/v1', `/v2/slow/app/blobs/${digestOf(image.blobs[1] ?? large)}`];
  await timesOf(paths, { durationMs: 1_000 });
  const before = await timesOf(paths, { durationMs: pullsMs });
  const memoryBeforeMib = residentMib();
  const slow: SlowClient[] = [];
  for (let number = 0; number < slowClients; number += 1) slow.push(await openSlow(number));
  const drip = setInterval(() => {
    // Who takes nothing hears of its end when it sends.
    for (const { socket, drips, kind } of slow)
      if ((drips || kind === stalledKind) && !socket.destroyed) socket.write('x');
  }, dripEveryMs);
  const during = await timesOf(paths, { durationMs: pullsMs });
  const growthMib = residentMib() - memoryBeforeMib;
  const open = () => slow.filter(({ closedMs }) => closedMs === undefined);
  const giveUpMs = performance.now() + giveUpSeconds * 1_000;
  while (open().length > 0 && performance.now() < giveUpMs) await sleep(100);
  clearInterval(drip);
  const left = open();
  for (const { socket } of left) socket.destroy();
  const latestMs = kinds.map((_, kind) =>
    Math.max(
      ...slow
        .filter((client) => client.kind === kind)
        .map(({ openedMs, closedMs }) => (closedMs ?? Number.POSITIVE_INFINITY) - openedMs),
    ),
  );
  const figures = {
    p99BeforeMs: p99Of(before),
    p99DuringMs: p99Of(during),
    growthMib,
    cutAfterSeconds: latestMs.map((ms) => Math.round(ms / 100) / 10),
  };
  console.log(JSON.stringify(figures));
  expect(left.map(({ kind }) => kind)).toEqual([]);
  if (soakClients === undefined) return; // short times on a busy machine say too little
  expect(Math.max(...latestMs)).toBeLessThanOrEqual(timeoutSeconds * 1_500);
  expect(p99Of(during)).toBeLessThan(2 * p99Of(before));
});
