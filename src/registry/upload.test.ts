import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { FileStore } from '../storage/file-store.ts';
import { basic, RegistryClient } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
let root: string;
let dev: RegistryClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'upload-test-'));
  registry = await startRegistry({ store: await FileStore.open(root) });
  await registry.addNamespace('ns', { members: { dev: 'developer', other: 'developer' } });
  await registry.addNamespace('own', { members: { other: 'admin' } });
  dev = new RegistryClient(registry.url, basic('dev'));
});
afterAll(async () => {
  await registry.close();
  await rm(root, { recursive: true });
});

async function open(name = 'ns/app'): Promise<string> {
  const answer = await dev.send(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
  expect(answer.status).toBe(202);
  return answer.headers.get('location') ?? '';
}

function chunk(start: number, bytes: Buffer): { headers: Record<string, string>; body: Buffer } {
  return { headers: { 'content-range': `${start}-${start + bytes.length - 1}` }, body: bytes };
}

async function readBack(bytes: Buffer, digest = digestOf(bytes)): Promise<boolean> {
  return (await dev.send(`/v2/ns/app/blobs/${digest}`)).bytes.equals(bytes);
}

describe('uploads', () => {
  it('take a blob in one POST, in POST and PUT, and in chunks', async () => {
    const [whole, put, parts] = [randomBytes(1_000), randomBytes(1_000), randomBytes(3_000)];
    const posted = await dev.send(`/v2/ns/app/blobs/uploads/?digest=${digestOf(whole)}`, {
      method: 'POST',
      body: whole,
    });
    expect(posted.status).toBe(201);
    expect(posted.headers.get('location')).toBe(`/v2/ns/app/blobs/${digestOf(whole)}`);
    expect(await readBack(whole)).toBe(true);
    expect((await dev.pushBlob('ns/app', put)).status).toBe(201);
    expect(await readBack(put)).toBe(true);

    const location = await open();
    for (const start of [0, 1_000]) {
      const answer = await dev.send(location, {
        method: 'PATCH',
        ...chunk(start, parts.subarray(start, start + 1_000)),
      });
      expect(answer.status).toBe(202);
      expect(answer.headers.get('range')).toBe(`0-${start + 999}`);
      expect(answer.headers.get('location')).toBe(location);
    }
    const last = { method: 'PUT', ...chunk(2_000, parts.subarray(2_000)) };
    expect((await dev.send(`${location}?digest=${digestOf(parts)}`, last)).status).toBe(201);
    expect(await readBack(parts)).toBe(true);
  });

  it('take an empty blob and a sha512 one', async () => {
    expect((await dev.pushBlob('ns/app', Buffer.alloc(0))).status).toBe(201);
    expect(await readBack(Buffer.alloc(0))).toBe(true);
    const bytes = randomBytes(500);
    expect((await dev.pushBlob('ns/app', bytes, digestOf(bytes, 'sha512'))).status).toBe(201);
    for (const digest of [digestOf(bytes, 'sha512'), digestOf(bytes)])
      expect(await readBack(bytes, digest)).toBe(true);
  });

  it('answer 416 with where they are to a chunk out of order, and go on', async () => {
    const bytes = randomBytes(2_000);
    const location = await open();
    await dev.send(location, { method: 'PATCH', ...chunk(0, bytes.subarray(0, 1_000)) });
    for (const start of [0, 999, 1_001]) {
      const answer = await dev.send(location, { method: 'PATCH', ...chunk(start, bytes.subarray(0, 10)) });
      expect(answer.status).toBe(416);
      expect(answer.headers.get('range')).toBe('0-999');
    }
    const wrongLength = { headers: { 'content-range': '1000-1004' }, body: bytes.subarray(0, 10) };
    expect((await dev.send(location, { method: 'PATCH', ...wrongLength })).status).toBe(400);
    const shown = await dev.send(location);
    expect(shown.status).toBe(204);
    expect(shown.headers.get('range')).toBe('0-999');
    await dev.send(location, { method: 'PATCH', ...chunk(1_000, bytes.subarray(1_000)) });
    expect((await dev.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect((await dev.send(location)).status).toBe(404);
  });

  it('end by DELETE', async () => {
    const location = await open();
    expect((await dev.send(location, { method: 'DELETE' })).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      const answer = await dev.send(`${location}?digest=${digestOf(Buffer.alloc(1))}`, { method });
      expect([method, answer.status]).toEqual([method, 404]);
    }
  });

  it.each([
    ['no digest', () => ''],
    ['an empty digest', () => '?digest='],
    ['another digest', () => `?digest=${digestOf(Buffer.from('other'))}`],
    ['an upper-case digest', (right: string) => `?digest=${right.toUpperCase()}`],
    ['the hex alone', (right: string) => `?digest=${right.slice(7)}`],
    ['sha256 as sha512', (right: string) => `?digest=${right.replace('256', '512')}`],
  ])('refuse %s (C11)', async (_, query) => {
    const bytes = randomBytes(100);
    const location = await open();
    await dev.send(location, { method: 'PATCH', body: bytes });
    const refused = await dev.send(`${location}${query(digestOf(bytes))}`, { method: 'PUT' });
    expect(refused.status).toBe(400);
    expect(refused.codes).toEqual(['DIGEST_INVALID']);
    expect((await dev.send(`/v2/ns/app/blobs/${digestOf(bytes)}`)).status).toBe(404);
    expect((await dev.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);
  });

  // threats.md C1: digests outside paths.
  it.each(['sha256:../../etc/passwd', 'sha256:', 'sha256:%00', 'md5:abc', 'SHA256:ab', 'sha256:A'])(
    'refuse the digest %s as a parameter',
    async (digest) => {
      const location = await open();
      for (const [method, path] of [
        ['PUT', `${location}?digest=${digest}`],
        ['POST', `/v2/ns/app/blobs/uploads/?digest=${digest}`],
        ['POST', `/v2/ns/app/blobs/uploads/?mount=${digest}&from=ns/second`],
      ] as const) {
        const answer = await dev.send(path, { method, body: 'x' });
        expect([answer.status, answer.codes]).toEqual([400, ['DIGEST_INVALID']]);
      }
    },
  );

  it('never serve a digest that is not its content when 16 clients write to one (C11)', async () => {
    for (let round = 0; round < 15; round += 1) {
      const location = await open();
      const bytes = Array.from({ length: 16 }, () => randomBytes(20_000));
      const answers = await Promise.all(
        bytes.map((body, index) =>
          dev.send(
            location,
            index % 2 === 0 ? { method: 'PATCH', body } : { method: 'PATCH', ...chunk(0, body) },
          ),
        ),
      );
      for (const answer of answers) expect([202, 409, 416]).toContain(answer.status);
      const finished = await Promise.all(
        bytes.map((body) => dev.send(`${location}?digest=${digestOf(body)}`, { method: 'PUT' })),
      );
      for (const [index, body] of bytes.entries()) {
        const got = await dev.send(`/v2/ns/app/blobs/${digestOf(body)}`);
        if (got.status === 200) expect(digestOf(got.bytes)).toBe(digestOf(body));
        expect(got.status === 200).toBe(finished[index]?.status === 201);
      }
    }
  });

  it('keep what arrived when the client breaks off, and go on from there (F17)', async () => {
    const bytes = randomBytes(300_000);
    const location = await open();
    await new Promise<void>((resolve) => {
      const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1');
      const head = [
        `PATCH ${location} HTTP/1.1`,
        `host: ${registry.host}`,
        `authorization: ${basic('dev')['authorization']}`,
        `content-length: ${bytes.length}`,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      socket.write(bytes.subarray(0, 100_000), () => {
        socket.end();
        socket.destroySoon();
      });
      socket.on('close', () => resolve());
    });
    let arrivedBytes = 0;
    for (let tries = 0; tries < 50 && arrivedBytes === 0; tries += 1) {
      await setTimeout(50);
      const shown = await dev.send(location);
      expect(shown.status).toBe(204);
      arrivedBytes = Number(shown.headers.get('range')?.split('-')[1] ?? '0');
    }
    const start = arrivedBytes + 1;
    expect(start).toBe(100_000);
    let rest = await dev.send(location, { method: 'PATCH', ...chunk(start, bytes.subarray(start)) });
    for (let tries = 0; tries < 20 && rest.status === 409; tries += 1) {
      await setTimeout(50);
      rest = await dev.send(location, { method: 'PATCH', ...chunk(start, bytes.subarray(start)) });
    }
    expect(rest.status).toBe(202);
    expect((await dev.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect(await readBack(bytes)).toBe(true);
  });

  it('commit again when the server died after the file was in place (F1)', async () => {
    const bytes = randomBytes(1_000);
    const location = await open();
    await dev.send(location, { method: 'PATCH', body: bytes });
    const uploadId = location.split('/').at(-1) ?? '';
    await registry.store.commit(uploadId, digestOf(bytes));
    expect((await dev.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect(await readBack(bytes)).toBe(true);
  });

  it('are unknown to other accounts, and through other repositories (A4)', async () => {
    const other = new RegistryClient(registry.url, basic('other'));
    const location = await open();
    await dev.pushBlob('ns/second', randomBytes(10));
    await other.pushBlob('own/app', randomBytes(10));
    const foreign = [location, location.replace('ns/app', 'own/app')].map((path) => [other, path] as const);
    const misplaced = [dev, location.replace('ns/app', 'ns/second')] as const;
    for (const [client, path] of [...foreign, misplaced]) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const query = method === 'PUT' ? `?digest=${digestOf(Buffer.from('x'))}` : '';
        const body = method === 'PATCH' || method === 'PUT' ? { body: 'x' } : {};
        const answer = await client.send(`${path}${query}`, { method, ...body });
        expect(answer.codes.length === 0 ? answer.status : answer.codes[0]).toBe('BLOB_UPLOAD_UNKNOWN');
      }
    }
    const bytes = Buffer.from('mine');
    const done = await dev.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT', body: bytes });
    expect(done.status).toBe(201);
  });

  it('are leased to one request on any replica, until the lease ends', async () => {
    const { db } = registry.database;
    const location = await open();
    const id = location.split('/').at(-1) ?? '';
    const leaseUntil = async (seconds: number) =>
      await registry.database.pool.query(
        `update upload set lease = gen_random_uuid(), leased_until = now() + make_interval(secs => $2) where id = $1`,
        [id, seconds],
      );
    await leaseUntil(60);
    expect((await dev.send(location, { method: 'PATCH', body: 'x' })).status).toBe(409);
    await leaseUntil(-1);
    expect((await dev.send(location, { method: 'PATCH', body: 'x' })).status).toBe(202);
    const row = await db.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst();
    expect(row).toMatchObject({ offset_bytes: 1, lease: null });
  });
});
