import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRobot, everyNamespace } from '../accounts/robots.ts';
import { digestOf } from '../bytes/digest.ts';
import { basic, RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';
import type { RegistryPath } from './parse-path.ts';

/** In the order of the numbers below; `outsider` is the admin of another namespace, `mirror` a robot for every one. */
const roles = [
  'nobody',
  'outsider',
  'guest',
  'auditor',
  'developer',
  'maintainer',
  'admin',
  'root',
  'robot',
  'mirror',
  'disabled',
] as const;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Row = readonly number[];
type Kind = Exclude<RegistryPath['kind'], 'refused'>;

const all = (status: number): Row => roles.map(() => status);
const pulls: Row = [401, 404, 200, 200, 200, 200, 200, 200, 200, 200, 401];
/** `robot` may pull and push, `mirror` may pull. */
const pushes = (status: number): Row => [
  401,
  403,
  403,
  403,
  ...Array.from({ length: 5 }, () => status),
  403,
  401,
];
const deletes = (status: number): Row => [401, 404, 403, 403, 403, status, status, status, 403, 403, 401];
const accounts: Row = [401, ...Array.from({ length: 9 }, () => 200), 401];
const read = (row: Row) => ({ GET: row, HEAD: row });
/** What no method of the distribution API does tells nobody anything. */
const none = all(405);

/**
 * Who gets what of each kind of path and method (threats.md A1); the deletions name what is absent, the uploads are of
 * nobody. A kind of path that is added to the parser does not compile without its row.
 */
const expected: Readonly<Record<Kind, Readonly<Record<(typeof methods)[number], Row>>>> = {
  ping: { ...read(accounts), POST: none, PUT: none, PATCH: none, DELETE: none },
  catalog: { ...read(accounts), POST: none, PUT: none, PATCH: none, DELETE: none },
  tags: { ...read(pulls), POST: none, PUT: none, PATCH: none, DELETE: none },
  referrers: { ...read(pulls), POST: none, PUT: none, PATCH: none, DELETE: none },
  manifest: { ...read(pulls), POST: none, PUT: pushes(400), PATCH: none, DELETE: deletes(404) },
  blob: { ...read(pulls), POST: none, PUT: none, PATCH: none, DELETE: deletes(404) },
  uploads: { GET: none, HEAD: none, POST: pushes(202), PUT: none, PATCH: none, DELETE: none },
  upload: {
    ...read(pushes(404)),
    POST: none,
    PUT: pushes(404),
    PATCH: pushes(404),
    DELETE: pushes(404),
  },
};

const image = testImage('matrix');
const absent = digestOf(Buffer.from('absent'));

function pathOf(kind: Kind, method: string, namespace: string): string {
  const name = `/v2/${namespace}/app`;
  const digest = method === 'DELETE' ? absent : digestOf(image.blobs[0] ?? Buffer.alloc(0));
  switch (kind) {
    case 'ping':
      return '/v2/';
    case 'catalog':
      return '/v2/_catalog';
    case 'tags':
      return `${name}/tags/list`;
    case 'referrers':
      return `${name}/referrers/${absent}`;
    case 'manifest':
      return `${name}/manifests/${method === 'DELETE' ? absent : 'v1'}`;
    case 'blob':
      return `${name}/blobs/${digest}`;
    case 'uploads':
      return `${name}/blobs/uploads/`;
    case 'upload':
      return `${name}/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=${absent}`;
  }
}

let registry: RegistryUnderTest;
const logins = new Map<string, Readonly<Record<string, string>>>();

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addAccount('root', { isAdmin: true });
  const homeId = await registry.addNamespace('home', {
    members: {
      guest: 'guest',
      auditor: 'auditor',
      developer: 'developer',
      maintainer: 'maintainer',
      admin: 'admin',
      disabled: 'admin',
    },
  });
  await registry.addNamespace('away', { members: { outsider: 'admin' } });
  const client = new RegistryClient(registry.url, basic('developer'));
  expect((await client.pushImage('home/app', 'v1', image)).status).toBe(201);
  for (const role of roles) logins.set(role, role === 'nobody' ? {} : basic(role));
  // A token, since refused passwords would be limited soon.
  logins.set('disabled', await tokenOfDisabled(homeId));
  for (const [name, permissions] of [
    ['robot', [{ namespaceId: homeId, permission: 'pull-push' }]],
    ['mirror', [{ namespaceId: everyNamespace, permission: 'pull' }]],
  ] as const) {
    logins.set(name, await robotLogin(name, permissions));
  }
});
afterAll(() => registry.close());

async function tokenOfDisabled(namespaceId: number) {
  const { id } = await registry.database.db
    .updateTable('account')
    .set({ disabled_at: new Date(0) })
    .where('name', '=', 'disabled')
    .returning('id')
    .executeTakeFirstOrThrow();
  const { token } = await registry.tokens.issue({
    account: { id, name: 'disabled' },
    access: [{ name: 'home/app', namespaceId, actions: ['pull', 'push', 'delete'] }],
    mayListCatalog: true,
  });
  return { authorization: `Bearer ${token}` };
}

async function robotLogin(name: string, permissions: Parameters<typeof createRobot>[1]['permissions']) {
  const { db } = registry.database;
  const robot = await createRobot(db, { name, permissions, description: '', createdBy: 'a test' });
  if (robot.kind === 'exists') throw new Error(`robot ${name} exists`);
  const wanted = { accountId: robot.accountId, owner: 'robot', name: 'x', scope: 'full' } as const;
  const made = await registry.secrets.create(db, wanted);
  if (made.kind !== 'created') throw new Error('no secret was made');
  return { authorization: `Basic ${btoa(`${robot.login}:${made.text}`)}` };
}

async function statusOf(role: string, method: string, path: string): Promise<number> {
  const client = new RegistryClient(registry.url, logins.get(role) ?? {});
  return (await client.send(path, { method, ...(method === 'PUT' ? { body: 'x' } : {}) })).status;
}

describe('access', () => {
  const rows = Object.entries(expected).flatMap(
    ([kind, byMethod]) =>
      methods.map((method) => ({ kind: kind as Kind, method, statuses: byMethod[method] })), // the table's own keys
  );

  it.each(rows)('$method of $kind answers each role as the table says (threats.md A1)', async (row) => {
    const path = pathOf(row.kind, row.method, 'home');
    const got = await Promise.all(roles.map((role) => statusOf(role, row.method, path)));
    expect(Object.fromEntries(roles.map((role, at) => [role, got[at]]))).toEqual(
      Object.fromEntries(roles.map((role, at) => [role, row.statuses[at]])),
    );
  });

  it.each(['away', 'absent'])(
    'is none for members of home in the namespace %s (threats.md A1)',
    async (namespace) => {
      for (const { kind, method } of rows.filter(({ kind: one }) => one !== 'ping' && one !== 'catalog')) {
        for (const role of ['guest', 'developer', 'admin', 'robot']) {
          const status = await statusOf(role, method, pathOf(kind, method, namespace));
          expect([kind, method, role, [403, 404, 405].includes(status)]).toEqual([kind, method, role, true]);
        }
      }
    },
  );

  it('is asked at no other route', () => {
    const lines = registry.fastify.printRoutes({ commonPrefix: false }).split('\n');
    expect(lines.flatMap((line) => line.replace(/^[├└─│ ]+/, '') || []).toSorted()).toMatchInlineSnapshot(`
      [
        "* (GET, HEAD, POST, PUT, PATCH, DELETE)",
        "/ (GET, HEAD, POST, PUT, PATCH, DELETE)",
        "/token (GET, POST)",
        "/v2 (GET, HEAD, POST, PUT, PATCH, DELETE)",
      ]
    `);
  });
});
