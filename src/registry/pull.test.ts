import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { basic, RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';
import type { PullDecision, PullRequest } from './guards.ts';

let registry: RegistryUnderTest;
let dev: RegistryClient;
let guest: RegistryClient;
const allow: PullDecision = { kind: 'allow', warnings: [], cacheable: true };
let decide: (request: PullRequest) => Promise<PullDecision> = async () => allow;
const asked: PullRequest[] = [];
const image = testImage('pull');
const layer = image.blobs[1] ?? Buffer.alloc(0);

beforeAll(async () => {
  registry = await startRegistry({
    pullGuard: {
      decide: async (request) => {
        asked.push(request);
        return await decide(request);
      },
    },
  });
  await registry.addNamespace('ns', { members: { dev: 'developer', guest: 'guest' } });
  dev = new RegistryClient(registry.url, basic('dev'));
  guest = new RegistryClient(registry.url, basic('guest'));
  expect((await dev.pushImage('ns/app', 'v1', image)).status).toBe(201);
});
afterAll(() => registry.close());
beforeEach(() => {
  decide = async () => allow;
  asked.length = 0;
});

describe('GET manifest', () => {
  it('sends the pushed bytes by tag, sha256 and sha512, with the digest asked for', async () => {
    for (const [reference, digest] of [
      ['v1', image.digest],
      [image.digest, image.digest],
      [digestOf(image.bytes, 'sha512'), digestOf(image.bytes, 'sha512')],
    ]) {
      const answer = await guest.send(`/v2/ns/app/manifests/${reference}`);
      expect(answer.status).toBe(200);
      expect(answer.bytes.equals(image.bytes)).toBe(true);
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
      expect(answer.headers.get('content-type')).toBe(image.mediaType);
      expect(asked.at(-1)).toMatchObject({
        target: { kind: 'manifest', digest: image.digest },
        repository: { namespace: 'ns', repository: 'app' },
        requester: { name: 'guest' },
        mayPush: false,
      });
    }
    const head = await guest.send('/v2/ns/app/manifests/v1', { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(image.bytes.length));
    expect(asked.at(-1)).toMatchObject({ method: 'HEAD', tag: 'v1' });
  });

  it('says 404 of a tag that no manifest can have, as of one that none has', async () => {
    for (const reference of ['absent', '.INVALID_MANIFEST_NAME']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await guest.send(`/v2/ns/app/manifests/${reference}`, { method });
        expect(answer.status).toBe(404);
      }
    }
  });

  it('tells the guard that the caller may push, by password and by the scope of a token', async () => {
    await dev.send('/v2/ns/app/manifests/v1', { method: 'HEAD' });
    expect(asked.at(-1)?.mayPush).toBe(true);
    for (const [scope, mayPush] of [
      ['pull', false],
      ['pull,push', true],
    ] as const) {
      const token = await dev.send(`/token?scope=repository:ns/app:${scope}`);
      const bearer = { authorization: `Bearer ${JSON.parse(token.bytes.toString()).token}` };
      const head = await new RegistryClient(registry.url, bearer).send('/v2/ns/app/manifests/v1', {
        method: 'HEAD',
      });
      expect(head.status).toBe(200);
      expect(asked.at(-1)?.mayPush).toBe(mayPush);
    }
  });

  it('answers 304 after the guard, never before', async () => {
    const headers = { 'if-none-match': `W/"other", "${image.digest}"` };
    expect((await guest.send('/v2/ns/app/manifests/v1', { headers })).status).toBe(304);
    expect(asked).toHaveLength(1);
    decide = async () => ({ kind: 'deny', message: 'blocked', detail: {} });
    expect((await guest.send('/v2/ns/app/manifests/v1', { headers })).status).toBe(403);
    const blob = { 'if-none-match': `"${digestOf(layer)}"` };
    const answer = await guest.send(`/v2/ns/app/blobs/${digestOf(layer)}`, { headers: blob });
    expect(answer.status).toBe(403);
  });

  it('refuses with the reason, as data on GET and as a warning on HEAD', async () => {
    decide = async () => ({
      kind: 'deny',
      message: 'CVE-2024-1 in openssl "3.0"\r\nInjected: x',
      detail: { policy: 'ns' },
      retryAfterSeconds: 3,
    });
    const get = await guest.send('/v2/ns/app/manifests/v1');
    expect(get.status).toBe(403);
    expect(JSON.parse(get.bytes.toString()).errors[0]).toMatchObject({
      code: 'DENIED',
      detail: { policy: 'ns' },
    });
    expect(get.headers.get('retry-after')).toBe('3');
    expect(get.headers.get('cache-control')).toBe('private, no-store');
    const head = await guest.send('/v2/ns/app/manifests/v1', { method: 'HEAD' });
    expect(head.status).toBe(403);
    expect(head.bytes).toHaveLength(0);
    expect(head.headers.get('warning')).toBe(`299 - "CVE-2024-1 in openssl '3.0' Injected: x"`);
    expect(head.headers.get('injected')).toBeNull();
  });

  it('warns within 4,096 bytes and forbids caches to keep what is judged', async () => {
    decide = async () => ({
      kind: 'allow',
      warnings: ['a'.repeat(3_000), 'b'.repeat(3_000), 'c'],
      cacheable: false,
    });
    const answer = await guest.send('/v2/ns/app/manifests/v1');
    expect(answer.status).toBe(200);
    const warning = answer.headers.get('warning') ?? '';
    expect(warning).toContain('299 - "aaa');
    expect(warning).toContain('299 - "bbb');
    expect(warning.length).toBeLessThanOrEqual(4_096 + ', '.length);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
  });

  it('answers 503 and no byte when the guard fails', async () => {
    decide = async () => {
      throw new Error('the database is gone');
    };
    for (const path of ['manifests/v1', `manifests/${image.digest}`, `blobs/${digestOf(layer)}`]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await guest.send(`/v2/ns/app/${path}`, { method });
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toBe('5');
        expect(answer.headers.get('etag')).toBeNull();
        expect(answer.bytes.includes('layer')).toBe(false);
      }
    }
  });

  it('aborts a guard that holds when the client goes', async () => {
    const client = new AbortController();
    const aborted = new Promise<string>((resolve) => {
      decide = (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => {
            resolve('aborted');
            reject(new Error('gone'));
          });
          client.abort();
        });
    });
    const headers = basic('guest');
    const sent = fetch(`${registry.url}/v2/ns/app/manifests/v1`, { headers, signal: client.signal });
    await expect(sent).rejects.toThrow('aborted');
    expect(await aborted).toBe('aborted');
  });
});

describe('GET blob', () => {
  const bytes = randomBytes(2_000);
  const digest = digestOf(bytes);
  beforeAll(async () => {
    expect((await dev.pushBlob('ns/app', bytes)).status).toBe(201);
  });

  it.each([
    ['bytes=500-1499', 206, 500, 1499],
    ['bytes=500-', 206, 500, 1999],
    ['bytes=-500', 206, 1500, 1999],
    ['bytes=1000-9000', 206, 1000, 1999],
    ['bytes=0-0', 206, 0, 0],
    ['bytes=0-0,5-9', 200, 0, 1999],
    ['lines=1-2', 200, 0, 1999],
  ])('answers Range %s with %i', async (range, status, start, end) => {
    const answer = await guest.send(`/v2/ns/app/blobs/${digest}`, { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.bytes.equals(bytes.subarray(start, end + 1))).toBe(true);
    const contentRange = status === 206 ? `bytes ${start}-${end}/2000` : null;
    expect(answer.headers.get('content-range')).toBe(contentRange);
  });

  it.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=2000-', 'bytes=-0'])(
    'refuses Range %s',
    async (range) => {
      const answer = await guest.send(`/v2/ns/app/blobs/${digest}`, { headers: { range } });
      expect(answer.status).toBe(416);
      expect(answer.headers.get('content-range')).toBe('bytes */2000');
    },
  );

  it('sends what nothing renders, with its length on HEAD', async () => {
    const head = await guest.send(`/v2/ns/app/blobs/${digest}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('2000');
    expect(head.headers.get('content-type')).toBe('application/octet-stream');
    expect(head.headers.get('content-security-policy')).toBe('sandbox');
  });

  it('never serves damaged bytes, says 404 to a pushing HEAD, and a push repairs them (F18)', async () => {
    const lost = randomBytes(1_000);
    expect((await dev.pushBlob('ns/app', lost)).status).toBe(201);
    const row = await registry.database.db
      .selectFrom('blob')
      .select('storage_key')
      .where('digest', '=', digestOf(lost))
      .executeTakeFirstOrThrow();
    await registry.store.delete(row.storage_key);
    const path = `/v2/ns/app/blobs/${digestOf(lost)}`;
    expect((await dev.send(path)).status).toBe(503);
    expect((await dev.send(path, { method: 'HEAD' })).status).toBe(404);
    expect((await dev.pushBlob('ns/app', lost)).status).toBe(201);
    expect((await dev.send(path)).bytes.equals(lost)).toBe(true);
  });
});
