import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateAccount } from '../accounts/accounts.ts';
import { digestOf } from '../bytes/digest.ts';
import { deleteNamespace } from '../catalog/namespaces.ts';
import { basic, RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';
import type { PullDecision, PullRequest } from './guards.ts';

let registry: RegistryUnderTest;
let blocked: string | undefined;
let whenAsked: (request: PullRequest) => void = () => {};
const image = testImage('rights');

beforeAll(async () => {
  registry = await startRegistry({
    pullGuard: {
      decide: async (request): Promise<PullDecision> => {
        whenAsked(request);
        return request.target.digest === blocked
          ? { kind: 'deny', message: 'blocked', detail: {} }
          : { kind: 'allow', warnings: [], cacheable: true };
      },
    },
  });
  await registry.addAccount('root', { isAdmin: true });
  await registry.addAccount('stranger');
  await registry.addNamespace('private', {
    members: { dev: 'developer', guest: 'guest', auditor: 'auditor', maintainer: 'maintainer' },
  });
  await registry.addNamespace('public', { isPublic: true, members: { dev: 'developer' } });
  for (const name of ['private/app', 'public/app']) {
    expect((await client('dev').pushImage(name, 'v1', image)).status).toBe(201);
  }
});
afterAll(() => registry.close());

function client(account: string | undefined): RegistryClient {
  return new RegistryClient(registry.url, basic(account));
}

async function tokenFor(account: string | undefined, ...scopes: string[]): Promise<string> {
  const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
  const answer = await client(account).send(`/token?service=${registry.host}&${query}`);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.bytes.toString()).token;
}

async function bearer(account: string | undefined, ...scopes: string[]): Promise<RegistryClient> {
  const token = await tokenFor(account, ...scopes);
  return new RegistryClient(registry.url, { authorization: `Bearer ${token}` });
}

describe('signing in', () => {
  it('is asked for with realm, service and scope of the external URL', async () => {
    const ping = await client(undefined).send('/v2/');
    expect(ping.status).toBe(401);
    expect(ping.headers.get('www-authenticate')).toBe(
      `Bearer realm="${registry.url}/token",service="${registry.host}"`,
    );
    const push = await client(undefined).send('/v2/private/app/blobs/uploads/', { method: 'POST' });
    expect(push.status).toBe(401);
    expect(push.headers.get('www-authenticate')).toContain('scope="repository:private/app:pull,push"');
  });

  it('works as docker login does it, and by the OAuth form', async () => {
    const login = await client('dev').send(`/token?account=dev&client_id=docker&service=${registry.host}`);
    expect(login.status).toBe(200);
    expect(login.headers.get('cache-control')).toBe('no-store');
    const body = JSON.parse(login.bytes.toString());
    expect(body).toMatchObject({ expires_in: 300, access_token: body.token });
    expect((await client('dev').send('/v2/')).status).toBe(200);
    const bearing = new RegistryClient(registry.url, { authorization: `Bearer ${body.token}` });
    expect((await bearing.send('/v2/')).status).toBe(200);
    const form = 'grant_type=password&username=dev&password=dev&service=x&scope=repository:private/app:pull';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const oauth = await client(undefined).send('/token', { method: 'POST', headers, body: form });
    expect(JSON.parse(oauth.bytes.toString()).scope).toBe('repository:private/app:pull');
  });

  it('refuses a wrong password and an unknown account alike', async () => {
    const answers = await Promise.all(
      ['dev:wrong', 'nobody:wrong'].map((pair) =>
        new RegistryClient(registry.url, { authorization: `Basic ${btoa(pair)}` }).send('/token'),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual([401, 401]);
    expect(answers[0]?.bytes.equals(answers[1]?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  it('is limited after 10 wrong tries, with Retry-After (A17)', async () => {
    const wrong = new RegistryClient(registry.url, { authorization: `Basic ${btoa('target:wrong')}` });
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries += 1) statuses.push((await wrong.send('/token')).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect(Number((await wrong.send('/token')).headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await client('dev').send('/token')).status).toBe(200);
  });
});

describe('rights', () => {
  it.each([
    [undefined, 'private', { pull: 401, push: 401, delete: 401 }],
    [undefined, 'public', { pull: 200, push: 401, delete: 401 }],
    ['stranger', 'private', { pull: 404, push: 403, delete: 404 }],
    ['stranger', 'public', { pull: 200, push: 403, delete: 403 }],
    ['guest', 'private', { pull: 200, push: 403, delete: 403 }],
    ['auditor', 'private', { pull: 200, push: 403, delete: 403 }],
    ['dev', 'private', { pull: 200, push: 202, delete: 403 }],
    ['maintainer', 'private', { pull: 200, push: 202, delete: 404 }],
    ['root', 'private', { pull: 200, push: 202, delete: 404 }],
  ] as const)('of %s in a %s namespace, by password and by token', async (account, namespace, expected) => {
    const name = `${namespace}/app`;
    const token = await bearer(account, `repository:${name}:pull,push,delete`);
    for (const caller of account === undefined ? [token] : [client(account), token]) {
      const got = {
        pull: (await caller.send(`/v2/${name}/manifests/v1`)).status,
        push: (await caller.send(`/v2/${name}/blobs/uploads/`, { method: 'POST' })).status,
        delete: (await caller.send(`/v2/${name}/manifests/absent`, { method: 'DELETE' })).status,
      };
      expect(got).toEqual(expected);
    }
  });

  it('say what to do: make the namespace, or ask for a role', async () => {
    const missing = await client('root').send('/v2/absent/app/blobs/uploads/', { method: 'POST' });
    expect([missing.status, missing.codes]).toEqual([404, ['NAME_UNKNOWN']]);
    expect(missing.message).toContain('create it first: pratique admin namespace create absent');
    const denied = await client('guest').send('/v2/private/app/blobs/uploads/', { method: 'POST' });
    expect([denied.status, denied.codes]).toEqual([403, ['DENIED']]);
    expect(denied.message).toContain('you must have the right "push" in the namespace "private"');
  });

  it('make a private and an absent repository look the same (A15)', async () => {
    for (const path of ['manifests/v1', 'tags/list', `blobs/${image.digest}`, `referrers/${image.digest}`]) {
      const [hidden, absent] = await Promise.all(
        ['private', 'nowhere'].map((namespace) => client('stranger').send(`/v2/${namespace}/app/${path}`)),
      );
      expect([hidden?.status, absent?.status]).toEqual([404, 404]);
      expect(hidden?.bytes.toString().replaceAll('private', 'nowhere')).toBe(absent?.bytes.toString());
    }
  });

  it('bound a token to what was asked for', async () => {
    const pullOnly = await bearer('dev', 'repository:private/app:pull');
    expect((await pullOnly.send('/v2/private/app/manifests/v1')).status).toBe(200);
    const push = await pullOnly.send('/v2/private/app/blobs/uploads/', { method: 'POST' });
    expect(push.status).toBe(401);
    expect(push.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect((await pullOnly.send('/v2/public/app/manifests/v1')).status).toBe(401);
  });

  it('filter the catalog (A7)', async () => {
    const list = async (caller: RegistryClient) => {
      const answer = await caller.send('/v2/_catalog');
      return answer.status === 200 ? JSON.parse(answer.bytes.toString()).repositories : answer.status;
    };
    expect(await list(client(undefined))).toBe(401);
    expect(await list(await bearer('dev', 'repository:private/app:pull'))).toBe(401);
    expect(await list(await bearer(undefined, 'registry:catalog:*'))).toEqual(['public/app']);
    expect(await list(client('stranger'))).toEqual(['public/app']);
    expect(await list(client('guest'))).toEqual(['private/app', 'public/app']);
    expect(await list(await bearer('root', 'registry:catalog:*'))).toEqual(['private/app', 'public/app']);
  });

  it('of a disabled account end at once, by token and password (A9)', async () => {
    await registry.addNamespace('leaving', { members: { leaver: 'developer' } });
    await client('leaver').pushImage('leaving/app', 'v1', image);
    const token = await bearer('leaver', 'repository:leaving/app:pull');
    expect((await token.send('/v2/leaving/app/manifests/v1')).status).toBe(200);
    await updateAccount(registry.database.db, 'leaver', { disabled: true });
    for (const caller of [token, client('leaver')]) {
      expect((await caller.send('/v2/leaving/app/manifests/v1')).status).toBe(401);
      expect((await caller.send('/v2/')).status).toBe(401);
    }
  });

  it('of a token end with its namespace, also when another gets the name (A9)', async () => {
    const id = await registry.addNamespace('reborn', { members: { dev: 'developer' } });
    await client('dev').pushImage('reborn/app', 'v1', image);
    const old = await bearer('dev', 'repository:reborn/app:pull,push');
    expect((await old.send('/v2/reborn/app/manifests/v1')).status).toBe(200);
    await deleteNamespace(registry.database.db, id, { force: true });
    await registry.addNamespace('reborn', { members: { dev: 'developer' } });
    await client('dev').pushImage('reborn/app', 'v1', image);
    expect((await old.send('/v2/reborn/app/manifests/v1')).status).toBe(401);
    expect((await old.send('/v2/reborn/app/blobs/uploads/', { method: 'POST' })).status).toBe(401);
    const blob = digestOf(image.blobs[0] ?? Buffer.alloc(0));
    expect((await old.send(`/v2/reborn/app/blobs/${blob}`)).status).toBe(401);
    const mount = `/v2/public/mounted/blobs/uploads/?mount=${blob}&from=reborn/app`;
    const asked = await registry.database.pool.query(`select id from account where name = 'dev'`);
    const spaces = await registry.database.pool.query(`select id from namespace where name = 'public'`);
    const { token } = await registry.tokens.issue({
      account: { id: asked.rows[0].id, name: 'dev' },
      access: [
        { name: 'public/mounted', namespaceId: spaces.rows[0].id, actions: ['pull', 'push'] },
        { name: 'reborn/app', namespaceId: id, actions: ['pull'] },
      ],
      mayListCatalog: false,
    });
    const mounting = new RegistryClient(registry.url, { authorization: `Bearer ${token}` });
    expect((await mounting.send(mount, { method: 'POST' })).status).toBe(401);
    expect((await client('dev').send(mount, { method: 'POST' })).status).toBe(201);
  });
});

describe('blobs of other repositories', () => {
  it('do not exist, and are mounted only with the right to pull them (A3)', async () => {
    const secret = randomBytes(100);
    const digest = digestOf(secret);
    await registry.addNamespace('vault', { members: { dev: 'developer' } });
    await registry.addNamespace('own', { members: { stranger: 'admin', dev: 'developer' } });
    await client('dev').pushBlob('vault/app', secret);
    const own = client('stranger');
    await own.pushBlob('own/app', randomBytes(10));
    const absent = async () => {
      for (const method of ['GET', 'HEAD']) {
        expect((await own.send(`/v2/own/app/blobs/${digest}`, { method })).status).toBe(404);
      }
    };
    const mount = async (caller: RegistryClient, from: string) =>
      await caller.send(`/v2/own/app/blobs/uploads/?mount=${digest}${from}`, { method: 'POST' });
    await absent();
    for (const from of ['&from=vault/app', '', '&from=', '&from=../vault', '&from=nowhere/app']) {
      const answer = await mount(own, from);
      expect(answer.status).toBe(202);
      expect(answer.headers.get('location')).toMatch(/^\/v2\/own\/app\/blobs\/uploads\/[0-9a-f-]{36}$/);
      await absent();
    }
    blocked = digest;
    expect((await mount(client('dev'), '&from=vault/app')).status).toBe(202);
    await absent();
    blocked = undefined;
    const narrow = await bearer('dev', 'repository:own/app:pull,push');
    expect((await mount(narrow, '')).status).toBe(202);
    const asked = await mount(narrow, '&from=vault/app');
    expect(asked.status).toBe(401);
    const scope = 'repository:own/app:pull,push repository:vault/app:pull';
    expect(asked.headers.get('www-authenticate')).toContain(`scope="${scope}",error="insufficient_scope"`);
    const without = await mount(client(undefined), '&from=vault/app');
    expect(without.headers.get('www-authenticate')).toContain(`scope="${scope}"`);
    // A token that holds less than was asked for has told the client already: it uploads.
    expect((await mount(await bearer('stranger', scope), '&from=vault/app')).status).toBe(202);
    await absent();
    const wide = await mount(await bearer('dev', scope), '&from=vault/app');
    expect(wide.status).toBe(201);
    expect((await client('root').send(`/v2/own/app/blobs/${digest}`, { method: 'DELETE' })).status).toBe(202);
    await absent();
    const mounted = await mount(client('dev'), '&from=vault/app');
    expect(mounted.status).toBe(201);
    expect(mounted.headers.get('location')).toBe(`/v2/own/app/blobs/${digest}`);
    expect((await own.send(`/v2/own/app/blobs/${digest}`)).bytes.equals(secret)).toBe(true);
  });
});

describe('a mount without from (distribution-spec spec.md#mounting-a-blob-from-another-repository)', () => {
  const bytes = randomBytes(100);
  const digest = digestOf(bytes);
  const mount = async (caller: RegistryClient, name: string) =>
    await caller.send(`/v2/${name}/blobs/uploads/?mount=${digest}`, { method: 'POST' });

  beforeAll(async () => {
    await registry.addNamespace('source', { members: { dev: 'developer', guest: 'guest' } });
    await registry.addNamespace('target', {
      members: { dev: 'developer', guest: 'developer', stranger: 'developer' },
    });
    expect((await client('dev').pushBlob('source/app', bytes)).status).toBe(201);
  });

  it('takes the blob from a repository that the caller may pull from', async () => {
    const both = 'repository:target/token:pull,push';
    expect((await mount(await bearer('guest', both), 'target/token')).status).toBe(202);
    const wide = await bearer('guest', both, 'repository:source/app:pull');
    for (const [caller, name] of [
      [client('guest'), 'target/password'],
      [client('root'), 'target/admin'],
      [wide, 'target/token'],
    ] as const) {
      const mounted = await mount(caller, name);
      expect(mounted.status).toBe(201);
      expect(mounted.headers.get('location')).toBe(`/v2/${name}/blobs/${digest}`);
      expect(mounted.headers.get('docker-content-digest')).toBe(digest);
      expect((await caller.send(`/v2/${name}/blobs/${digest}`)).bytes.equals(bytes)).toBe(true);
      const removed = await client('root').send(`/v2/${name}/blobs/${digest}`, { method: 'DELETE' });
      expect(removed.status).toBe(202);
    }
  });

  it('is an upload to whoever may not pull it anywhere, and where a policy forbids it (A3)', async () => {
    const absent = async (name: string) =>
      expect((await client('root').send(`/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    const wide = await bearer('stranger', 'repository:target/x:pull,push', 'repository:source/app:pull');
    for (const caller of [client('stranger'), wide]) {
      expect((await mount(caller, 'target/x')).status).toBe(202);
      await absent('target/x');
    }
    blocked = digest;
    expect((await mount(client('dev'), 'target/x')).status).toBe(202);
    blocked = undefined;
    await absent('target/x');
    whenAsked = (request) => request.signal.throwIfAborted();
    expect((await mount(client('dev'), 'target/x')).status).toBe(202);
    whenAsked = () => {
      throw new Error('the policy cannot be read');
    };
    expect((await mount(client('dev'), 'target/x')).status).toBe(503);
    whenAsked = () => {};
    await absent('target/x');
    expect((await mount(client('dev'), 'target/x')).status).toBe(201);
  });
});

describe('lists', () => {
  it('page tags in byte order', async () => {
    const tags = ['B', 'a', '10', '9', 'c_1', 'b'];
    for (const tag of tags) await client('dev').pushImage('public/listed', tag, image);
    const seen: string[] = [];
    let next: string | undefined = '/v2/public/listed/tags/list?n=4';
    while (next !== undefined) {
      const answer = await client('dev').send(next);
      seen.push(...JSON.parse(answer.bytes.toString()).tags);
      next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['10', '9', 'B', 'a', 'b', 'c_1']);
  });

  it.each([
    ['0', 200, 0],
    ['1000000000000', 200, 1],
    ['-1', 400, 0],
    ['NaN', 400, 0],
    ['1e9', 400, 0],
  ])('answer n=%s with %i (C8)', async (n, status, count) => {
    const answer = await client('dev').send(`/v2/public/app/tags/list?n=${n}`);
    expect(answer.status).toBe(status);
    if (status === 200) expect(JSON.parse(answer.bytes.toString()).tags).toHaveLength(count);
  });
});
