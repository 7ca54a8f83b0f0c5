import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listSecrets, revokeSecret } from '../accounts/access-secrets.ts';
import type { RobotPermission } from '../accounts/robot-permissions.ts';
import { changeRobot, createRobot, deleteRobot } from '../accounts/robots.ts';
import { RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
let homeId: number;
const image = testImage('robots');

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addAccount('dev');
  homeId = await registry.addNamespace('home', { members: { dev: 'developer' } });
  await registry.addNamespace('away', { members: { dev: 'developer' } });
  for (const name of ['home/app', 'away/app']) await basic('dev', 'dev').pushImage(name, 'v1', image);
});
afterAll(() => registry.close());

function basic(name: string, password: string): RegistryClient {
  return new RegistryClient(registry.url, { authorization: `Basic ${btoa(`${name}:${password}`)}` });
}

interface Robot {
  readonly accountId: number;
  readonly login: string;
  newSecret(): Promise<{ readonly id: number; readonly text: string }>;
}

async function makeRobot(name: string, permission: RobotPermission): Promise<Robot> {
  const { db } = registry.database;
  const made = await createRobot(db, {
    name,
    home: { id: homeId, name: 'home' },
    permissions: [{ namespaceId: homeId, permission }],
    description: '',
    createdBy: 'dev',
  });
  if (made.kind === 'exists') throw new Error(`${name} exists`);
  const { accountId, login } = made;
  return { accountId, login, newSecret: () => newSecret(accountId, 'full') };
}

async function newSecret(accountId: number, scope: 'full' | 'read-only') {
  const wanted = { accountId, owner: 'user', name: 'x', scope } as const;
  const made = await registry.secrets.create(registry.database.db, wanted);
  if (made.kind !== 'created') throw new Error('no secret');
  return { id: made.secret.id, text: made.text };
}

async function dockerToken(client: RegistryClient, scope: string): Promise<RegistryClient> {
  const answer = await client.send(`/token?service=${registry.host}&scope=${encodeURIComponent(scope)}`);
  expect(answer.status).toBe(200);
  const { token } = JSON.parse(answer.bytes.toString());
  return new RegistryClient(registry.url, { authorization: `Bearer ${token}` });
}

const everything = 'repository:home/app:pull,push,delete';
const pull = async (client: RegistryClient) => (await client.send('/v2/home/app/manifests/v1')).status;

describe('robots', () => {
  it.each([
    ['pull', { pull: 200, push: 403, delete: 403 }],
    ['pull-push', { pull: 200, push: 202, delete: 403 }],
    ['pull-push-delete', { pull: 200, push: 202, delete: 404 }],
  ] as const)('with %s may just that, by secret and by Docker token', async (permission, expected) => {
    const robot = await makeRobot(`may-${permission}`, permission);
    const client = basic(robot.login, (await robot.newSecret()).text);
    expect((await client.send('/v2/')).status).toBe(200);
    for (const caller of [client, await dockerToken(client, everything)]) {
      expect({
        pull: await pull(caller),
        push: (await caller.send('/v2/home/app/blobs/uploads/', { method: 'POST' })).status,
        delete: (await caller.send('/v2/home/app/manifests/absent', { method: 'DELETE' })).status,
      }).toEqual(expected);
      expect((await caller.send('/v2/away/app/manifests/v1')).status).not.toBe(200);
    }
    expect((await client.send('/v2/away/app/manifests/v1')).status).toBe(404);
    const catalog = await client.send('/v2/_catalog');
    expect(JSON.parse(catalog.bytes.toString()).repositories).toEqual(['home/app']);
  });

  it('get a token by the OAuth form too', async () => {
    const robot = await makeRobot('oauth', 'pull');
    const { text } = await robot.newSecret();
    const body = new URLSearchParams({
      grant_type: 'password',
      username: robot.login,
      password: text,
      scope: everything,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await new RegistryClient(registry.url, {}).send('/token', {
      method: 'POST',
      headers,
      body: body.toString(),
    });
    expect(JSON.parse(answer.bytes.toString()).scope).toBe('repository:home/app:pull');
  });

  it('rotate: two secrets work, and only the revoked one ends, with its live Docker token (A9)', async () => {
    const robot = await makeRobot('rotating', 'pull');
    const [old, next] = [await robot.newSecret(), await robot.newSecret()];
    const clients = [basic(robot.login, old.text), basic(robot.login, next.text)] as const;
    const tokens = [
      await dockerToken(clients[0], everything),
      await dockerToken(clients[1], everything),
    ] as const;
    const statuses = async () => await Promise.all([...clients, ...tokens].map(pull));
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    await revokeSecret(registry.database.db, { accountId: robot.accountId, id: old.id });
    expect(await statuses()).toEqual([401, 200, 401, 200]);
    const pings = [...clients, ...tokens].map(async (client) => (await client.send('/v2/')).status);
    expect(await Promise.all(pings)).toEqual([401, 200, 401, 200]);
    expect((await tokens[0].send('/v2/home/app/blobs/uploads/', { method: 'POST' })).status).toBe(401);
  });

  it.each([
    ['expired', 'expire'],
    ['disabled', 'disable'],
    ['deleted', 'delete'],
  ] as const)('that are %s stop within 5 s, with their live Docker tokens (A9)', async (_, how) => {
    const { db, pool } = registry.database;
    const robot = await makeRobot(`to-${how}`, 'pull');
    const secret = await robot.newSecret();
    const client = basic(robot.login, secret.text);
    const token = await dockerToken(client, everything);
    const catalog = await dockerToken(client, 'registry:catalog:*');
    expect([await pull(client), await pull(token)]).toEqual([200, 200]);
    if (how === 'expire')
      await pool.query(`update access_secret set expires_at = now() where id = ${secret.id}`);
    else if (how === 'disable') await changeRobot(db, robot.accountId, { isDisabled: true });
    else await deleteRobot(db, robot.accountId);
    expect([await pull(client), await pull(token)]).toEqual([401, 401]);
    expect((await catalog.send('/v2/_catalog')).status).toBe(401);
  });

  it("may not touch another account's upload, and keep their own when they rotate (A4)", async () => {
    const robot = await makeRobot('uploader', 'pull-push');
    const owner = basic(robot.login, (await robot.newSecret()).text);
    const started = await owner.send('/v2/home/app/blobs/uploads/', { method: 'POST' });
    const location = started.headers.get('location') ?? '';
    const other = await makeRobot('intruder', 'pull-push');
    const intruders = [basic('dev', 'dev'), basic(other.login, (await other.newSecret()).text)];
    for (const intruder of intruders) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const target = method === 'PUT' ? `${location}?digest=${image.digest}` : location;
        expect((await intruder.send(target, { method })).status).toBe(404);
      }
    }
    const rotated = basic(robot.login, (await robot.newSecret()).text);
    expect((await rotated.send(location)).status).toBe(204);
  });

  it('may not sign in with a secret under another name', async () => {
    const robot = await makeRobot('named', 'pull');
    const { text } = await robot.newSecret();
    for (const name of ['dev', 'robot.home.oauth', 'ROBOT.home.named', 'nobody']) {
      expect(await pull(basic(name, text))).toBe(401);
    }
    const [secret] = await listSecrets(registry.database.db, [robot.accountId]);
    expect(secret?.lastUsedAt).toBeUndefined();
  });

  it('leave no secret in events or any other table, on good and bad sign-ins (A14, E4)', async () => {
    const robot = await makeRobot('canary', 'pull');
    const { text } = await robot.newSecret();
    await pull(await dockerToken(basic(robot.login, text), everything));
    await pull(basic('nobody', text));
    const { rows: tables } = await registry.database.pool.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const { rows } = await registry.database.pool.query<{ row: string }>(
        `select t::text as row from "${name}" t`,
      );
      const dump = rows.map(({ row }) => row).join('\n');
      expect([name, dump.includes(text), dump.includes(Buffer.from(text).toString('hex'))]).toEqual([
        name,
        false,
        false,
      ]);
    }
  });
});

describe('access tokens of users', () => {
  it('stand for the password in docker login, bounded by their scope', async () => {
    const dev = await registry.database.db
      .selectFrom('account')
      .select('id')
      .where('name', '=', 'dev')
      .executeTakeFirstOrThrow();
    for (const [scope, push] of [
      ['full', 202],
      ['read-only', 403],
    ] as const) {
      const client = basic('dev', (await newSecret(dev.id, scope)).text);
      const token = await dockerToken(client, everything);
      expect([await pull(client), await pull(token)]).toEqual([200, 200]);
      const pushed = await client.send('/v2/home/app/blobs/uploads/', { method: 'POST' });
      expect(pushed.status).toBe(push);
      if (scope === 'read-only') expect(pushed.message).toContain('must have the scope full');
      const byToken = await token.send('/v2/home/app/blobs/uploads/', { method: 'POST' });
      expect(byToken.status).toBe(scope === 'full' ? 202 : 401);
    }
  });

  it('of a system admin that are read-only push nowhere', async () => {
    const id = await registry.addAccount('root', { isAdmin: true });
    const client = basic('root', (await newSecret(id, 'read-only')).text);
    expect(await pull(client)).toBe(200);
    const pushed = await client.send('/v2/home/app/blobs/uploads/', { method: 'POST' });
    expect(pushed.status).toBe(403);
  });
});
