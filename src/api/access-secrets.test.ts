import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

interface Made {
  readonly id: number;
  readonly secret: string;
}

interface MadeRobot {
  readonly robot: { readonly login: string };
  readonly secret: Made;
}

async function send(authorization: string, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

const basic = (name: string, password: string) => `Basic ${btoa(`${name}:${password}`)}`;

async function makeToken(scope: 'full' | 'read-only', role: 'developer' | 'systemAdmin' = 'developer') {
  const answer = await server.call(role, 'POST', '/tokens', { name: 'laptop', scope });
  expect(answer.status).toBe(201);
  return answer.body as Made; // checked against its schema by access.test.ts
}

async function makeRobot(name: string, permission: string): Promise<MadeRobot> {
  const answer = await server.call('namespaceAdmin', 'POST', '/namespaces/own/robots', { name, permission });
  expect(answer.status).toBe(201);
  return answer.body as MadeRobot; // checked against its schema by access.test.ts
}

describe('access tokens', () => {
  it('stand for the password in Basic and work as Bearer, until they are revoked', async () => {
    const { id, secret } = await makeToken('full');
    const ways = [basic('developer', secret), `Bearer ${secret}`];
    for (const way of ways) expect((await send(way, 'GET', '/namespaces/own')).status).toBe(200);
    const listed = await server.call('developer', 'GET', '/tokens');
    expect(listed.body).toMatchObject({
      items: [
        {
          id,
          name: 'laptop',
          scope: 'full',
          expired: false,
          expiresAt: null,
          lastUsedAt: expect.any(String),
        },
      ],
    });
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    expect((await server.call('developer', 'DELETE', `/tokens/${id}`)).status).toBe(204);
    for (const way of ways) expect((await send(way, 'GET', '/namespaces/own')).status).toBe(401);
  });

  it('are seen and revoked by a system admin, one by one and under their user alone (threats.md A1)', async () => {
    const [kept, lost] = [await makeToken('full'), await makeToken('read-only')];
    const listed = await server.call('systemAdmin', 'GET', '/users/developer/tokens');
    expect(listed.body).toMatchObject({
      items: expect.arrayContaining([
        expect.objectContaining({ id: kept.id, name: 'laptop', scope: 'full' }),
        expect.objectContaining({ id: lost.id, name: 'laptop', scope: 'read-only' }),
      ]),
    });
    expect(JSON.stringify(listed.body)).not.toContain(lost.secret);
    const call = async (path: string) => (await server.call('systemAdmin', 'DELETE', path)).status;
    expect(await call(`/users/guest/tokens/${lost.id}`)).toBe(404);
    expect(await call(`/users/nobody/tokens/${lost.id}`)).toBe(404);
    expect(await call(`/users/developer/tokens/${lost.id}`)).toBe(204);
    expect(await call(`/users/developer/tokens/${lost.id}`)).toBe(404);
    expect((await send(`Bearer ${lost.secret}`, 'GET', '/namespaces/own')).status).toBe(401);
    expect((await send(`Bearer ${kept.secret}`, 'GET', '/namespaces/own')).status).toBe(200);
    const { body } = await server.call('systemAdmin', 'GET', '/events?kind=access-token.revoked');
    expect(body).toMatchObject({
      items: expect.arrayContaining([
        expect.objectContaining({
          subject: 'developer',
          details: expect.objectContaining({ tokenId: lost.id }),
        }),
      ]),
    });
    await server.call('systemAdmin', 'DELETE', `/users/developer/tokens/${kept.id}`);
  });

  it('tell nobody but system admins of a user’s tokens, nor of a robot’s secrets under its name', async () => {
    const { robot } = await makeRobot('not-a-user', 'pull');
    expect((await server.call('systemAdmin', 'GET', `/users/${robot.login}/tokens`)).status).toBe(404);
    expect((await server.call('namespaceAdmin', 'GET', '/users/developer/tokens')).status).toBe(403);
    expect((await server.call('developer', 'GET', '/users/developer/tokens')).status).toBe(403);
  });

  it('change nothing when they are read-only, not even for a system admin', async () => {
    const developer = `Bearer ${(await makeToken('read-only')).secret}`;
    const admin = `Bearer ${(await makeToken('read-only', 'systemAdmin')).secret}`;
    const preview = { policy: { mode: 'enforce' } };
    expect((await send(developer, 'POST', '/namespaces/own/policy-preview', preview)).status).toBe(200);
    expect((await send(admin, 'GET', '/users')).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '/users', { name: 'x' }],
      ['PATCH', '/users/developer', { disabled: true }],
      ['PATCH', '/namespaces/own', { public: true }],
      ['POST', '/scans', { imageIds: [1] }],
      ['DELETE', '/session', undefined],
    ] as const) {
      const answer = await send(admin, method, path, body);
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  it('make neither other tokens nor sessions', async () => {
    const { secret } = await makeToken('full');
    const made = await send(`Bearer ${secret}`, 'POST', '/tokens', { name: 'more' });
    expect(made.status).toBe(403);
    const session = await send('', 'POST', '/session', { username: 'developer', password: secret });
    expect(session.status).toBe(401);
  });

  it('of others are not found, and end with their user (A1)', async () => {
    const { id, secret } = await makeToken('full');
    expect((await server.call('guest', 'DELETE', `/tokens/${id}`)).status).toBe(404);
    expect((await server.call('systemAdmin', 'DELETE', `/tokens/${id}`)).status).toBe(404);
    const guest = await server.call('guest', 'POST', '/tokens', { name: 'x' });
    const guestsToken = (guest.body as Made).secret;
    await server.call('systemAdmin', 'PATCH', '/users/guest', { disabled: true });
    await server.call('systemAdmin', 'PATCH', '/users/guest', { disabled: false });
    expect((await send(`Bearer ${guestsToken}`, 'GET', '/session')).status).toBe(401);
    expect((await send(`Bearer ${secret}`, 'GET', '/session')).status).toBe(200);
  });

  it('expire in the future only', async () => {
    const now = server.now().getTime();
    for (const [offsetMs, status] of [
      [0, 400],
      [-1, 400],
      [1, 201],
    ] as const) {
      const expiresAt = new Date(now + offsetMs).toISOString();
      const answer = await server.call('developer', 'POST', '/tokens', { name: 'edge', expiresAt });
      expect(answer.status).toBe(status);
    }
  });
});

describe('robots', () => {
  it('read what they may pull from, and nothing of other namespaces', async () => {
    const { robot, secret } = await makeRobot('reader', 'pull');
    const auth = basic(robot.login, secret.secret);
    expect(robot.login).toBe('robot.own.reader');
    expect((await send(auth, 'GET', '/namespaces/own')).body).toMatchObject({ role: 'guest' });
    expect((await send(auth, 'GET', '/namespaces/other')).status).toBe(404);
    expect((await send(auth, 'GET', '/namespaces')).body).toMatchObject({ total: 1 });
    for (const path of [
      '/namespaces/own/members',
      '/namespaces/own/robots',
      '/users',
      '/robots',
      '/tokens',
    ]) {
      expect([path, (await send(auth, 'GET', path)).status]).toEqual([path, 403]);
    }
    expect((await send(auth, 'DELETE', `/tokens/${secret.id}`)).status).toBe(403);
    expect((await send(auth, 'POST', '/tokens', { name: 'x' })).status).toBe(403);
  });

  it('have several secrets, and lose one at once', async () => {
    const { robot, secret } = await makeRobot('rotated', 'pull-push');
    const path = '/namespaces/own/robots/rotated/secrets';
    const second = await server.call('namespaceAdmin', 'POST', path, { secretName: 'next' });
    const next = second.body as Made;
    const statuses = async () =>
      await Promise.all(
        [secret, next].map(
          async (one) => (await send(basic(robot.login, one.secret), 'GET', '/namespaces/own')).status,
        ),
      );
    expect(await statuses()).toEqual([200, 200]);
    expect((await server.call('namespaceAdmin', 'DELETE', `${path}/${secret.id}`)).status).toBe(204);
    expect(await statuses()).toEqual([401, 200]);
    expect((await server.call('namespaceAdmin', 'DELETE', `${path}/${secret.id}`)).status).toBe(404);
    await server.call('namespaceAdmin', 'PATCH', '/namespaces/own/robots/rotated', { disabled: true });
    expect(await statuses()).toEqual([401, 401]);
  });

  it('of the registry show a namespace admin only what concerns the namespace', async () => {
    const permissions = [
      { namespace: 'own', permission: 'pull' },
      { namespace: 'other', permission: 'pull-push' },
    ];
    const made = await server.call('systemAdmin', 'POST', '/robots', { name: 'wide', permissions });
    const { robot, secret } = made.body as MadeRobot;
    const listed = await server.call('namespaceAdmin', 'GET', '/namespaces/own/robots');
    const { items } = listed.body as { readonly items: readonly { readonly login: string }[] };
    expect(items.find(({ login }) => login === robot.login)).toMatchObject({
      namespace: null,
      permissions: [{ namespace: 'own', permission: 'pull' }],
      secrets: [],
    });
    for (const path of ['/namespaces/own/robots/wide', `/namespaces/own/robots/${robot.login}`]) {
      expect((await server.call('namespaceAdmin', 'PATCH', path, { disabled: true })).status).toBe(404);
    }
    expect((await server.call('systemAdmin', 'DELETE', '/robots/own.rotated')).status).toBe(404);
    expect((await send(basic(robot.login, secret.secret), 'GET', '/namespaces/other')).status).toBe(200);
    expect((await server.call('systemAdmin', 'PATCH', '/robots/wide', { permissions: [] })).status).toBe(200);
    expect((await send(basic(robot.login, secret.secret), 'GET', '/namespaces/other')).status).toBe(404);
  });

  it.each([
    ['a.b', 400],
    ['robot$ci', 400],
    ['reader', 409],
  ])('cannot be named "%s": %i', async (name, status) => {
    const answer = await server.call('namespaceAdmin', 'POST', '/namespaces/own/robots', {
      name,
      permission: 'pull',
    });
    expect(answer.status).toBe(status);
  });

  it('are no members, and no user takes their name', async () => {
    await makeRobot('apart', 'pull');
    const { body } = await server.call('namespaceAdmin', 'GET', '/namespaces/own/members');
    expect(JSON.stringify(body)).not.toContain('robot.');
    const path = '/namespaces/own/members/robot.own.apart';
    expect((await server.call('namespaceAdmin', 'PUT', path, { role: 'admin' })).status).toBe(404);
    expect((await server.call('namespaceAdmin', 'DELETE', path)).status).toBe(404);
    expect((await server.call('systemAdmin', 'POST', '/users', { name: 'robot.own.new' })).status).toBe(400);
    expect(
      (await server.call('systemAdmin', 'PATCH', '/users/robot.own.apart', { isAdmin: true })).status,
    ).toBe(404);
  });

  it('leave no secret in events or tables (E4)', async () => {
    const { secret } = await makeRobot('canary', 'pull');
    const token = await makeToken('full');
    for (const { secret: text } of [secret, token]) {
      await send(basic('nobody', text), 'GET', '/session');
      const { rows } = await server.database.pool.query<{ row: string }>(
        `select e::text as row from event e union all select s::text from access_secret s
         union all select a::text from account a union all select l::text from login_attempt l`,
      );
      const dump = rows.map(({ row }) => row).join('\n');
      expect(dump).toContain('robot.own.canary');
      expect(dump).not.toContain(text);
    }
  });
});
