import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiCalls } from '../testing/api-calls.ts';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import type { Operation } from './contract/operations/operation.ts';
import { type OperationId, operations } from './contract/operations/operations.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(async () => {
  await server.close();
});

const table = Object.entries(operations) as [OperationId, Operation][]; // the keys of the object itself

const privilegedKeys = [
  'is_admin',
  'role',
  'namespace_id',
  'owner_id',
  'id',
  'created_at',
  'verified',
  'scopes',
  'permissions',
  'quota',
  'immutable',
  '__proto__',
];

describe('mass assignment (threats.md A2)', () => {
  for (const [id, { method, body: schema }] of table) {
    if (!['POST', 'PUT', 'PATCH'].includes(method)) continue;
    test(`${id} refuses privileged keys, naming them, and changes nothing`, async () => {
      const { path, body } = await apiCalls[id](server, `mass-${id}`.toLowerCase());
      const before = await dump();
      for (const key of privilegedKeys.filter((one) => !(id === 'putMember' && one === 'role'))) {
        const valid = JSON.stringify(body ?? {}).slice(0, -1);
        const hostile = `${valid}${valid === '{' ? '' : ','}${JSON.stringify(key)}:true}`;
        const answer = await server.call('systemAdmin', method, path, hostile);
        expect([key, answer.status]).toEqual([key, 400]);
        expect(JSON.stringify(answer.body)).toContain(key);
      }
      expect(await dump()).toEqual(before);
      expect(schema === undefined || 'additionalProperties' in schema).toBe(true);
    });
  }

  test('nested objects are closed as well', async () => {
    const body = { policy: { mode: 'enforce', states: { pending: 'warn', allowAll: true } } };
    const answer = await server.call('systemAdmin', 'PATCH', '/namespaces/own', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: { unknownKeys: ['policy.states.allowAll'] } } },
    });
  });

  /** Every row that a hostile body could have changed. */
  async function dump(): Promise<string> {
    const { db } = server.database;
    const rows = await Promise.all([
      db.selectFrom('account').selectAll().orderBy('id').execute(),
      db.selectFrom('namespace').selectAll().orderBy('id').execute(),
      db.selectFrom('namespace_member').selectAll().orderBy('account_id').execute(),
      db.selectFrom('exemption').selectAll().orderBy('id').execute(),
      db.selectFrom('immutability_rule').selectAll().orderBy('id').execute(),
      db.selectFrom('event').selectAll().orderBy('id').execute(),
    ]);
    return JSON.stringify(rows);
  }
});

/** threats.md E2. */
const payloads = [
  "'",
  "';select pg_sleep(3600)--",
  "' or '1'='1",
  '%',
  '_',
  '\\',
  '%00',
  '\u0000',
  '\ud800',
  '$1',
  '[]',
  '-1',
  '1e309',
  '99999999999999999999',
  '../../etc/passwd',
  'a'.repeat(5000),
  'WyJpbWFnZXMgLXB1c2hlZEF0IiwiMjAyNiIsMV0',
  Buffer.from('["images -pushedAt",9e300,1]').toString('base64url'),
  Buffer.from('["images -pushedAt",9007199254740991,-9007199254740991]').toString('base64url'),
];

describe('hostile queries', () => {
  const parameters = table.flatMap(([id, { method, path, query }]) => {
    const properties =
      query !== undefined && 'properties' in query ? Object.keys(query.properties ?? {}) : [];
    return properties.map((parameter) => ({ id, method, path, parameter }));
  });

  test.each(parameters)(
    '$id takes any value of $parameter without failing',
    async ({ id, method, parameter }) => {
      const { path } = await apiCalls[id](server, `hostile-${id}-${parameter}`.toLowerCase());
      for (const payload of payloads) {
        const url = new URL(`http://host${path}`);
        url.searchParams.set(parameter, payload);
        const { status } = await server.call('guest', method, `${url.pathname}${url.search}`);
        expect([payload.slice(0, 40), status < 500]).toEqual([payload.slice(0, 40), true]);
      }
    },
  );

  test('path parameters take any value without failing', async () => {
    for (const [, { method, path }] of table.filter(([, one]) => one.path.includes(':'))) {
      for (const payload of payloads.filter((one) => one.isWellFormed() && one.length < 500)) {
        const hostile = path.replaceAll(/:[a-z]+/gi, encodeURIComponent(payload));
        const { status } = await server.call('systemAdmin', method, hostile);
        expect([method, hostile, status >= 400 && status < 500]).toEqual([method, hostile, true]);
      }
    }
  });

  test.each([
    '?sort=password_hash',
    '?filter=secret~a',
    '?sort=pushedAt&sort=size',
    '?limit=1000',
    '?limit=1.5',
  ])('/images%s is refused', async (query) => {
    expect((await server.call('guest', 'GET', `/images${query}`)).status).toBe(400);
  });

  test('wildcards of SQL stand for themselves', async () => {
    for (const name of ['a_b', 'axb', 'a-b']) {
      await server.call('systemAdmin', 'POST', '/namespaces', { name });
    }
    const answer = await server.call('systemAdmin', 'GET', '/namespaces?q=a_b');
    expect(answer.body).toMatchObject({ total: 1, items: [{ name: 'a_b' }] });
    expect((await server.call('systemAdmin', 'GET', '/namespaces?q=%25')).body).toMatchObject({ total: 0 });
  });

  test.each([
    ['text that is no JSON', '{"name":'],
    ['a list', '[]'],
    ['a number', '1'],
    ['a NUL', '{"name":"a\\u0000b"}'],
    ['half a surrogate pair', '{"name":"a\\ud800b"}'],
    ['depth', `{"name":${'['.repeat(250_000)}${']'.repeat(250_000)}}`],
    ['size', JSON.stringify({ name: 'a'.repeat(2_000_000) })],
  ])('a body with %s is refused', async (_name, body) => {
    const answer = await server.call('systemAdmin', 'POST', '/namespaces', body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).toMatchObject({ error: { code: 'invalid-request' } });
  });
});
