import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiRole, type ApiServer, startApiServer } from '../testing/api-server.ts';
import { storeImage } from '../testing/stored-images.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

/** Runs `work` while no event can be written. */
async function withoutEvents(work: () => Promise<void>): Promise<void> {
  const { pool } = server.database;
  await pool.query(`
    create function refuse_event() returns trigger language plpgsql as $$ begin raise 'no events'; end $$;
    create trigger refuse_event before insert on event execute function refuse_event()`);
  try {
    await work();
  } finally {
    await pool.query('drop trigger refuse_event on event; drop function refuse_event()');
  }
}

describe('a change whose event cannot be written', () => {
  it('does not happen: deletion of a namespace and of a user, a new password', async () => {
    expect((await server.call('systemAdmin', 'POST', '/namespaces', { name: 'brief' })).status).toBe(201);
    const user = { name: 'brief-user', password: 'the-first-password' };
    expect((await server.call('systemAdmin', 'POST', '/users', user)).status).toBe(201);
    const { rows: before } = await server.database.pool.query('select * from account order by id');
    await withoutEvents(async () => {
      expect((await server.call('systemAdmin', 'DELETE', '/namespaces/brief')).status).toBe(500);
      expect((await server.call('systemAdmin', 'DELETE', '/users/brief-user')).status).toBe(500);
      const change = { password: 'the-second-password' };
      expect((await server.call('systemAdmin', 'PATCH', '/users/brief-user', change)).status).toBe(500);
    });
    const { rows: after } = await server.database.pool.query('select * from account order by id');
    expect(after).toEqual(before);
    expect((await server.call('systemAdmin', 'DELETE', '/namespaces/brief')).status).toBe(200);
    expect((await server.call('systemAdmin', 'DELETE', '/namespaces/brief')).status).toBe(404);
    const { rows } = await server.database.pool.query(
      `select kind from event where subject = 'brief' order by id`,
    );
    expect(rows).toEqual([{ kind: 'namespace.created' }, { kind: 'namespace.deleted' }]);
  });
});

it('GET /advisories tells whom is asked, and of the last bundle that was accepted', async () => {
  const { db } = server.database;
  expect((await server.call('guest', 'GET', '/advisories')).body).toEqual({
    items: [],
    origin: 'mirrors',
    bundle: null,
  });
  const at = new Date('2026-03-01T10:00:00Z');
  const bundle = { digest: 'sha256:0', created_at: at, key_id: 'key-1', source: 'file', accepted_at: at };
  const rows = [
    { ...bundle, version: 7, imported_at: at },
    { ...bundle, version: 8, imported_at: null },
  ];
  await db.insertInto('advisory_bundle').values(rows).execute();
  expect((await server.call('guest', 'GET', '/advisories')).body).toMatchObject({
    bundle: {
      version: 8,
      createdAt: '2026-03-01T10:00:00.000Z',
      acceptedAt: '2026-03-01T10:00:00.000Z',
      importedAt: null,
      signedBy: 'key-1',
      source: 'file',
    },
  });
});

it('GET /finding-changes tells each of what images hold that they may read (threats.md A1)', async () => {
  const { db, pool } = server.database;
  const store = (namespaceId: number, name: string) =>
    storeImage(db, {
      namespaceId,
      repository: 'app',
      content: name,
      packages: [{ name, version: '1', vulnerabilities }],
    });
  const vulnerabilities = [{ id: 'CVE-2026-7', severity: 'high' }] as const;
  await store(server.ownId, 'mine');
  await store(server.otherId, 'theirs');
  await pool.query(`insert into match_change (package_id, vulnerability_id, change, at)
    select id, 'CVE-2026-7', 'added', '2026-02-01' from package where name in ('mine', 'theirs') order by name`);
  const told = async (role: ApiRole, query = '') => {
    const { status, body } = await server.call(role, 'GET', `/finding-changes${query}`);
    const { items = [] } = body as { items?: readonly { package: { name: string } }[] };
    return status === 200 ? items.map((one) => one.package.name) : status;
  };
  expect(await told('guest')).toEqual(['mine']);
  expect(await told('stranger')).toEqual(['theirs']);
  expect(await told('stranger', '?namespace=own')).toBe(404);
  expect(await told('systemAdmin')).toEqual(['theirs', 'mine']);
  expect(await told('systemAdmin', '?namespace=own')).toEqual(['mine']);
  expect(await told('guest', '?namespace=own&since=2026-02-02T00:00:00Z')).toEqual([]);
});
