import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenAction } from '../accounts/docker-tokens.ts';
import { digestOf } from '../bytes/digest.ts';
import { basic, RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
const image = testImage('hidden');
const layer = digestOf(image.blobs[1] ?? Buffer.alloc(0));

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addAccount('stranger');
  await registry.addNamespace('hidden', { members: { dev: 'developer', guest: 'guest' } });
  await registry.addNamespace('public', { isPublic: true, members: { dev: 'maintainer' } });
  await registry.addNamespace('pull-only', { members: { dev: 'guest' } });
  expect((await client('dev').pushImage('hidden/app', 'v1', image)).status).toBe(201);
  expect((await client('dev').pushImage('public/app', 'v1', image)).status).toBe(201);
});
afterAll(() => registry.close());

function client(account: string | undefined): RegistryClient {
  return new RegistryClient(registry.url, basic(account));
}

async function grantOf(account: string | undefined, scopes: readonly string[]) {
  const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
  const answer = await client(account).send(`/token?${query}`);
  expect(answer.status).toBe(200);
  const { token } = JSON.parse(answer.bytes.toString()) as { token: string };
  const verified = await registry.tokens.verify(token);
  if (verified.kind !== 'valid') throw new Error(verified.reason);
  return {
    grant: verified.grant,
    bearer: new RegistryClient(registry.url, { authorization: `Bearer ${token}` }),
  };
}

const reads = [
  'manifests/v1',
  `manifests/${image.digest}`,
  `blobs/${layer}`,
  'tags/list',
  `referrers/${layer}`,
];

describe('nobody', () => {
  it('gets an empty token for what is private, and reads nothing of it (threats.md A7)', async () => {
    const { grant, bearer } = await grantOf(undefined, [
      'repository:hidden/app:pull,push,delete',
      'repository:public/app:pull,push,delete',
      'registry:catalog:*',
    ]);
    expect(grant.access.map(({ name, actions }) => [name, actions])).toEqual([['public/app', ['pull']]]);
    for (const caller of [client(undefined), bearer]) {
      for (const path of reads) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await caller.send(`/v2/hidden/app/${path}`, { method });
          expect([method, path, answer.status]).toEqual([method, path, 401]);
        }
      }
      const catalog = await caller.send('/v2/_catalog');
      expect(catalog.bytes.toString()).not.toContain('hidden');
    }
    expect((await bearer.send('/v2/_catalog')).bytes.toString()).toContain('public/app');
  });

  it.each([
    '//v2/_catalog',
    '/v2/_catalog/',
    '/V2/_catalog',
    '/v2/%5Fcatalog',
    '/v2//_catalog',
    '/v2/./_catalog',
  ])('lists nothing at %s (threats.md A15)', async (path) => {
    const answer = await fetch(`${registry.url}${path}`, { redirect: 'manual' });
    expect([400, 401, 404]).toContain(answer.status);
    expect(await answer.text()).not.toMatch(/hidden|public/);
  });
});

describe('a stranger', () => {
  it('is told the same of a private and an absent namespace, whatever they ask (threats.md A15)', async () => {
    const calls = [
      ...reads.flatMap((path) => ['GET', 'HEAD'].map((method) => [method, path] as const)),
      ['PUT', 'manifests/v2'],
      ['POST', 'blobs/uploads/'],
      ['POST', `blobs/uploads/?mount=${layer}&from=public/app`],
      ['PATCH', 'blobs/uploads/00000000-0000-4000-8000-000000000000'],
      ['DELETE', 'manifests/v1'],
      ['DELETE', `blobs/${layer}`],
    ] as const;
    const scope = (name: string) => `repository:${name}/app:pull,push,delete`;
    const { bearer } = await grantOf('stranger', [scope('hidden'), scope('absent')]);
    for (const caller of [client('stranger'), client(undefined), bearer]) {
      for (const [method, path] of calls) {
        const [hidden, absent] = await Promise.all(
          ['hidden', 'absent'].map(async (namespace) => {
            const { status, headers, bytes } = await caller.send(`/v2/${namespace}/app/${path}`, { method });
            const told = [...headers].filter(([name]) => name !== 'date').map(([, value]) => value);
            // Names of one length, so that a body's length tells nothing here.
            return JSON.stringify([status, told, bytes.toString()]).replaceAll(namespace, 'NAMESPACE');
          }),
        );
        expect(hidden).toBe(absent);
      }
    }
  });
});

describe('tokens', () => {
  const may: Readonly<Record<string, readonly TokenAction[]>> = {
    hidden: ['pull', 'push'],
    public: ['pull', 'push', 'delete'],
    'pull-only': ['pull'],
  };
  const name = fc.oneof(
    fc.constantFrom('hidden/app', 'public/app', 'pull-only/x', 'absent/x', 'hidden/a/b', 'app', ''),
    fc.constantFrom(
      'HIDDEN/app',
      'hidden/../pull-only',
      'hidden%2Fapp',
      'hidden/app/',
      '../hidden/app',
      'a:1/b',
    ),
    fc.string({ maxLength: 12 }),
  );
  const action = fc.oneof(
    fc.constantFrom('pull', 'push', 'delete', '*', 'pull,push', 'admin', ''),
    fc.string({ maxLength: 6 }),
  );
  const type = fc.constantFrom(
    ...Array(8).fill('repository'),
    'registry',
    'repository(plugin)',
    'REPOSITORY',
    '',
  );
  const scope = fc
    .tuple(type, name, action)
    .map((parts) => parts.join(':'))
    .chain((one) => fc.constantFrom(one, `${one} ${one}`, `registry:catalog:* ${one}`));

  it('hold nothing that the account may not do, for 5,000 scopes of any form (threats.md A8)', async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(scope, { minLength: 50, maxLength: 50 }), async (scopes) => {
        const { grant } = await grantOf('dev', scopes);
        for (const { name: repository, actions } of grant.access) {
          const rights = may[repository.split('/')[0] ?? ''] ?? [];
          for (const one of actions)
            expect([repository, rights]).toEqual([repository, expect.arrayContaining([one])]);
          granted += 1;
        }
      }),
      { numRuns: 100 },
    );
    expect(granted).toBeGreaterThan(50);
  });
});

describe('what is refused', () => {
  const events = async () =>
    (
      await registry.database.db
        .selectFrom('event')
        .select(['kind', 'actor', 'subject', 'details', 'namespace_id'])
        .where('kind', 'in', ['access.denied', 'login.refused', 'login.limited'])
        .orderBy('id')
        .execute()
    ).map(({ kind, actor, subject }) => `${kind} ${actor} ${subject}`);

  it('stands in the audit log once, also a wrong and a limited login; what was typed does not', async () => {
    await registry.database.db.deleteFrom('event').execute();
    for (const _ of Array(3).keys()) {
      await client('guest').send('/v2/hidden/refused/blobs/uploads/', { method: 'POST' });
      await client('stranger').send('/v2/hidden/refused/manifests/v1');
    }
    const wrong = (pair: string) =>
      new RegistryClient(registry.url, { authorization: `Basic ${btoa(pair)}` });
    for (const _ of Array(12).keys()) await wrong('guest:wrong').send('/token');
    await wrong('my-password-in-the-wrong-field:x').send('/token');
    expect(await events()).toEqual([
      'access.denied guest hidden/refused',
      'access.denied stranger hidden/refused',
      'login.refused anonymous guest',
      'login.limited anonymous guest',
      'login.refused anonymous unknown account',
    ]);
  });

  it('is a login from the 11th wrong one of 50 on, but not from another address (threats.md A17)', async () => {
    await registry.database.db.deleteFrom('login_attempt').execute();
    const wrong = new RegistryClient(registry.url, { authorization: `Basic ${btoa('dev:wrong')}` });
    const started = performance.now();
    const statuses: number[] = [];
    for (const index of Array(50).keys()) {
      // All three ways in count together.
      if (index % 3 === 0) statuses.push((await wrong.send('/token')).status);
      else if (index % 3 === 1) statuses.push((await wrong.send('/v2/')).status);
      else statuses.push((await wrong.send('/token', formLogin)).status);
    }
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(statuses.slice(10)).toEqual(Array(40).fill(429));
    expect((await wrong.send('/token')).headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    const elsewhere = await registry.fastify.inject({
      url: '/token',
      headers: basic('dev'),
      remoteAddress: '10.1.2.3',
    });
    expect(elsewhere.statusCode).toBe(200);
  });
});

const formLogin = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'grant_type=password&username=dev&password=wrong&service=x',
};
