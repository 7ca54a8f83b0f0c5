import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetricSet } from '../edge/metric-set.ts';
import { createHttpServer, type HttpServer, httpLimitsOf } from './create-http-server.ts';
import { loadConfig } from './settings/config.ts';

describe('createHttpServer()', () => {
  let http: HttpServer;
  let port: number;
  const lines: string[] = [];
  const metrics = new MetricSet();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let held = 0;
  let waits = 0;

  beforeAll(async () => {
    const config = loadConfig({
      environment: { PRATIQUE_CLIENT_CONNECTIONS: '20' },
      folder: '/tmp',
    });
    const pace = { spanMs: 600, uploadBytesPerSecondMin: 1024, checkMs: 100 };
    http = createHttpServer({
      config,
      logger: pino({ base: null }, { write: (line: string) => lines.push(line) }),
      externalUrl: 'http://localhost:5000',
      metrics,
      limits: { ...httpLimitsOf(config), headersMs: 400, checkMs: 50, idleMs: 400, pace },
    });
    const { fastify } = http;
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
    fastify.put('/slow', async (request) => ({ sizeBytes: (await text(request.raw)).length }));
    fastify.get('/waits', async () => {
      waits += 1;
      return await sleep(1_500, {});
    });
    fastify.get('/held', async () => {
      held += 1;
      await released;
      return {};
    });
    fastify.get('/large', async () => Buffer.alloc(64 * 1024 * 1024));
    fastify.get('/fails', async () => {
      throw new Error('hunter2');
    });
    fastify.get('/', async () => ({}));
    fastify.put('/refuses', async (_request, reply) => reply.code(401).send({}));
    await fastify.listen({ host: '127.0.0.1', port: 0 });
    const [address] = fastify.addresses();
    port = typeof address === 'object' ? address.port : 0;
  });
  afterAll(async () => {
    await http.fastify.close();
    http.close();
  });

  async function open(begin: string): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {}); // cut connections may be reset
    socket.write(begin);
    return socket;
  }

  /** Milliseconds until the server has closed the connection. */
  async function closedAfter(socket: Socket): Promise<number> {
    const startedMs = performance.now();
    socket.resume();
    await once(socket, 'close');
    return performance.now() - startedMs;
  }

  it('cuts a client that does not finish its headers', async () => {
    expect(await closedAfter(await open('GET / HTTP/1.1\r\nhost: a\r\n'))).toBeGreaterThan(300);
  });

  it('cuts a client that sends nothing', async () => {
    expect(await closedAfter(await open(''))).toBeGreaterThan(300);
  });

  it('cuts a body below 1 KiB/s and says so', async () => {
    const socket = await open('PUT /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\nx');
    const drip = setInterval(() => socket.write('x'.repeat(20)), 100);
    const ms = await closedAfter(socket);
    clearInterval(drip);
    expect(ms).toBeGreaterThan(500);
    expect(lines.some((line) => line.includes('slow-upload'))).toBe(true);
  });

  it('cuts a slow body that was answered before its end (threats.md E8)', async () => {
    const socket = await open('PUT /refuses HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\nx');
    const drip = setInterval(() => socket.write('x'), 100);
    const ms = await closedAfter(socket);
    clearInterval(drip);
    expect(ms).toBeGreaterThan(500);
  });

  it('closes connections beyond those that an address may have, and takes new ones when they have ended', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => open('GET /held HTTP/1.1\r\nhost: a\r\n\r\n')),
    );
    const [one] = sockets;
    await expect.poll(() => held).toBe(20);
    await closedAfter(await open(''));
    expect(one?.destroyed).toBe(false);
    const shown = await metrics.text(() => {});
    expect(shown).toContain('pratique_connections_refused_total 1');
    expect(shown).toContain('pratique_connections 20');
    for (const socket of sockets) socket.destroy();
    release();
    await expect.poll(() => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.status)).toBe(200);
  });

  it('lets a body above 1 KiB/s take its time', async () => {
    const socket = await open(
      'PUT /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 30000\r\n\r\n',
    );
    const answer = text(socket);
    for (let sent = 0; sent < 30_000; sent += 1_500) {
      socket.write('x'.repeat(1_500));
      await sleep(100);
    }
    expect(await answer).toContain('{"sizeBytes":30000}');
  });

  it('cuts a client that takes nothing of its answer', async () => {
    const socket = await open('GET /large HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => lines.join()).toContain('stalled-download');
    socket.destroy();
  });

  it('lets a client wait for an answer that takes longer than the limits', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/waits`);
    expect(answer.status).toBe(200);
  });

  it('takes 16 KiB of headers and no more', async () => {
    const ask = async (sizeBytes: number) =>
      (await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-much': 'x'.repeat(sizeBytes) } })).status;
    expect(await ask(15 * 1024)).toBe(200);
    expect(await ask(16 * 1024)).toBe(431);
  });

  it('records a client that goes away before its answer', async () => {
    const before = waits;
    const socket = await open('GET /waits?gone HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => waits).toBeGreaterThan(before);
    socket.resetAndDestroy();
    const gone = (text: string) => text.includes('"status":499') && text.includes('/waits');
    await expect.poll(() => lines.filter(gone)).toHaveLength(1);
    expect(JSON.parse(lines.find(gone) ?? '{}')).toMatchObject({ client: '127.0.0.1', route: 'console' });
  });

  it('gives every answer an id that the log has too, and an error in words', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/fails`, { headers: { 'x-request-id': 'mine' } });
    const id = answer.headers.get('x-request-id') ?? '';
    expect(id).toMatch(/^[\w-]{12}$/);
    const body = await answer.text();
    expect(body).toContain(id);
    expect(body).not.toContain('hunter2');
    expect(lines.filter((line) => line.includes(id)).length).toBeGreaterThan(0);
  });

  it('writes one line for each request, without secrets or control characters', async () => {
    const path = '/v2/%0d%0a%7b%22level%22:30%7d/tags/list';
    await fetch(`http://127.0.0.1:${port}${path}?token=s3cret-q`, {
      headers: {
        authorization: 'Bearer s3cret-a',
        cookie: 'pratique_session=s3cret-c',
        'user-agent': 'a\u0085{"level":"info"}',
      },
    });
    const isOurs = (line: string) => line.includes('%7b%22level');
    await expect.poll(() => lines.some(isOurs)).toBe(true);
    const ours = lines.filter(isOurs);
    expect(ours).toHaveLength(1);
    expect(ours[0]?.trimEnd()).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(JSON.parse(ours[0] ?? '')).toMatchObject({
      principal: 'anonymous',
      route: 'tags',
      method: 'GET',
      path,
      status: 404,
      msg: 'request',
    });
    expect(lines.join('')).not.toContain('s3cret');
    const shown = await metrics.text(() => {});
    expect(shown).toContain('pratique_http_requests_total{route="tags",method="GET",status="404"} 1');
  });
});
