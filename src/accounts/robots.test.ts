import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { AccessSecrets, createSecretHashKey, secretsPerAccountMax } from './access-secrets.ts';
import { createAccount, findAccount, isAccountName, listAccounts, updateAccount } from './accounts.ts';
import { listEvents } from './events.ts';
import { forgetExpiredSecrets, warnOfExpiringSecrets } from './expiring-secrets.ts';
import { readGrant } from './namespace-grant.ts';
import { isRobotName, parseRobotLogin, robotLoginOf } from './robot-login.ts';
import { changeRobot, createRobot, everyNamespace, findRobot, listRobots, permissionIn } from './robots.ts';
import { isSecretText, makeSecretText } from './secret-text.ts';

let database: TemporaryDatabase;
const secrets = new AccessSecrets({ key: createSecretHashKey() });
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

async function makeNamespace(name: string): Promise<{ readonly id: number; readonly name: string }> {
  return await database.db
    .insertInto('namespace')
    .values({ name })
    .returning(['id', 'name'])
    .executeTakeFirstOrThrow();
}

async function makeRobot(name: string, home?: { readonly id: number; readonly name: string }) {
  const made = await createRobot(database.db, {
    name,
    permissions: home === undefined ? [] : [{ namespaceId: home.id, permission: 'pull' }],
    description: '',
    createdBy: 'alice',
    ...(home === undefined ? {} : { home }),
  });
  if (made.kind === 'exists') throw new Error(`${name} exists`);
  return made;
}

async function makeSecret(accountId: number, expiresAt?: Date): Promise<{ id: number; text: string }> {
  const made = await secrets.create(database.db, {
    accountId,
    owner: 'robot',
    name: 'a',
    scope: 'full',
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (made.kind !== 'created') throw new Error('no secret was made');
  return { id: made.secret.id, text: made.text };
}

async function signsIn(text: string): Promise<boolean> {
  return (await secrets.signIn(database.db, text)) !== undefined;
}

describe('robot logins', () => {
  it.each([
    [{ name: 'ci', namespace: 'team' }, 'robot.team.ci'],
    [{ name: 'ci' }, 'robot.ci'],
    [{ name: 'a-b_c', namespace: 'x.y--z' }, 'robot.x.y--z.a-b_c'],
  ])('of %j is %s and back', (robot, login) => {
    expect(robotLoginOf(robot)).toBe(login);
    expect(parseRobotLogin(login)).toEqual(robot);
    expect(login).toMatch(/^[a-z0-9._-]+$/);
    expect(isAccountName(login)).toBe(false);
  });

  it.each(['', 'a.b', 'a$b', 'A', 'robot$a', '-a', 'a_', 'a b', 'ä', 'a:b', 'a'.repeat(65)])(
    'refuse the name "%s"',
    (name) => {
      expect(isRobotName(name)).toBe(false);
    },
  );

  it.each(['robot', 'ci', 'robots.team.ci', 'robot..ci', 'robot.', 'robot.a.'])('are not "%s"', (login) => {
    expect(parseRobotLogin(login)).toBeUndefined();
  });

  it('of two robots differ when their namespaces differ, whatever dots these have', () => {
    const logins = [{ name: 'c', namespace: 'a.b' }, { name: 'c', namespace: 'a' }, { name: 'c' }].map(
      robotLoginOf,
    );
    expect(new Set(logins).size).toBe(3);
  });
});

describe('makeSecretText()', () => {
  it('makes letters and digits behind a prefix, never twice the same', () => {
    const texts = Array.from({ length: 1_000 }, (_, index) =>
      makeSecretText(index % 2 === 0 ? 'robot' : 'user'),
    );
    expect(new Set(texts).size).toBe(1_000);
    expect(texts.every((text) => isSecretText(text) && /^prt[ru]_[A-Za-z0-9]{43}$/.test(text))).toBe(true);
  });
});

describe('AccessSecrets', () => {
  it('signs in by any of two live secrets, and by a revoked one no more', async () => {
    const { accountId, login } = await makeRobot('rotated');
    const [old, next] = [await makeSecret(accountId), await makeSecret(accountId)];
    for (const { id, text } of [old, next]) {
      expect(await secrets.signIn(database.db, text)).toEqual({
        kind: 'account',
        accountId,
        name: login,
        isAdmin: false,
        secret: { id, isReadOnly: false },
      });
    }
    await database.db.deleteFrom('access_secret').where('id', '=', old.id).execute();
    expect([await signsIn(old.text), await signsIn(next.text)]).toEqual([false, true]);
  });

  it('knows no secret of another key, and stores none (E4)', async () => {
    const { accountId } = await makeRobot('kept');
    const { text } = await makeSecret(accountId);
    const other = new AccessSecrets({ key: createSecretHashKey() });
    expect(await other.signIn(database.db, text)).toBeUndefined();
    const { rows } = await database.pool.query('select * from access_secret');
    expect(JSON.stringify(rows)).not.toContain(text);
    expect(Buffer.from(JSON.stringify(rows)).includes(Buffer.from(text.slice(5)))).toBe(false);
  });

  it('ends a secret at its instant and not before', async () => {
    const { accountId } = await makeRobot('edge');
    const { id, text } = await makeSecret(accountId);
    // now() stands still inside a transaction.
    await database.db.transaction().execute(async (transaction) => {
      const answers: boolean[] = [];
      for (const offset of ['1 microsecond', '0', '-1 microsecond']) {
        await sql`update access_secret set expires_at = now() + ${offset}::interval where id = ${id}`.execute(
          transaction,
        );
        answers.push((await secrets.signIn(transaction, text)) !== undefined);
      }
      expect(answers).toEqual([true, false, false]);
    });
  });

  it('notes the last use, at most once a minute', async () => {
    const { accountId, login } = await makeRobot('used');
    const { id, text } = await makeSecret(accountId);
    const lastUse = async () => (await findRobot(database.db, login))?.secrets[0]?.lastUsedAt;
    expect(await lastUse()).toBeUndefined();
    await signsIn(text);
    const first = await lastUse();
    expect(first).toBeInstanceOf(Date);
    await signsIn(text);
    expect(await lastUse()).toEqual(first);
    await database.pool.query(
      `update access_secret set last_used_at = now() - interval '61 seconds' where id = ${id}`,
    );
    const before = await lastUse();
    await signsIn(text);
    expect((await lastUse())?.getTime()).toBeGreaterThan((before?.getTime() ?? 0) + 60_000);
  });

  it('refuses more than 50 of one account, also when they come together', async () => {
    const { accountId } = await makeRobot('greedy');
    const many = Array.from({ length: secretsPerAccountMax + 5 }, () =>
      database.db
        .transaction()
        .execute((transaction) =>
          secrets.create(transaction, { accountId, owner: 'robot', name: 'x', scope: 'full' }),
        ),
    );
    const kinds = (await Promise.all(many)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(secretsPerAccountMax);
  });

  it('ends the tokens of a user who is disabled, for good', async () => {
    const made = await createAccount(database.db, { name: 'leaver' });
    if (made.kind === 'exists') throw new Error('leaver exists');
    const { text } = await makeSecret(made.account.id);
    expect(await signsIn(text)).toBe(true);
    await updateAccount(database.db, 'leaver', { disabled: true });
    expect(await signsIn(text)).toBe(false);
    await updateAccount(database.db, 'leaver', { disabled: false });
    expect(await signsIn(text)).toBe(false);
  });
});

describe('robots', () => {
  it('keep their secrets while disabled, and are no users', async () => {
    const { accountId, login } = await makeRobot('paused');
    const { text } = await makeSecret(accountId);
    await changeRobot(database.db, accountId, { isDisabled: true });
    expect(await signsIn(text)).toBe(false);
    await changeRobot(database.db, accountId, { isDisabled: false });
    expect(await signsIn(text)).toBe(true);
    expect(await findAccount(database.db, login)).toBeUndefined();
    const { items } = await listAccounts(database.db, { limit: 1_000 });
    expect(items.filter(({ name }) => name.startsWith('robot.'))).toEqual([]);
    expect(await updateAccount(database.db, login, { isAdmin: true })).toEqual({ kind: 'not-found' });
  });

  it('go with their namespace, and lose their permission in one that goes (A9)', async () => {
    const [gone, stays] = [await makeNamespace('gone'), await makeNamespace('stays')];
    const own = await makeRobot('own', gone);
    const { text } = await makeSecret(own.accountId);
    const wide = await makeRobot('wide');
    await changeRobot(database.db, wide.accountId, {
      permissions: [
        { namespaceId: gone.id, permission: 'pull-push' },
        { namespaceId: stays.id, permission: 'pull-push-delete' },
      ],
    });
    const logins = async (id: number) =>
      (await listRobots(database.db, { namespaceId: id })).map(({ login }) => login);
    expect(await logins(gone.id)).toEqual(['robot.gone.own', 'robot.wide']);
    await database.db.deleteFrom('namespace').where('id', '=', gone.id).execute();
    expect(await signsIn(text)).toBe(false);
    expect(await findRobot(database.db, own.login)).toBeUndefined();
    expect((await findRobot(database.db, wide.login))?.grants).toEqual([
      { namespace: 'stays', permission: 'pull-push-delete' },
    ]);
    const again = await makeNamespace('gone');
    expect(await logins(again.id)).toEqual([]);
  });

  it('bear the rights of a role', async () => {
    const home = await makeNamespace('roles');
    const { accountId, login } = await makeRobot('ci', home);
    for (const [permission, role] of [
      ['pull', 'guest'],
      ['pull-push', 'developer'],
      ['pull-push-delete', 'maintainer'],
    ] as const) {
      await changeRobot(database.db, accountId, { permissions: [{ namespaceId: home.id, permission }] });
      expect((await findRobot(database.db, login))?.grants).toEqual([{ namespace: 'roles', permission }]);
      const grant = await readGrant(database.db, {
        principal: { kind: 'account', accountId, name: login, isAdmin: false },
        namespace: 'roles',
      });
      expect(grant?.role).toBe(role);
    }
  });
});

describe('a robot for every namespace', () => {
  const rightsOf = async (accountId: number, namespace: string) => {
    const principal = { kind: 'account', accountId, name: 'robot.wide', isAdmin: false } as const;
    return [...((await readGrant(database.db, { principal, namespace }))?.rights ?? [])];
  };
  const pull = ['read', 'pull'];
  const push = ['read', 'pull', 'push', 'scan'];

  it('has its permission in those made later too; where it has another one, the stronger counts', async () => {
    const { db } = database;
    const [more, less] = [await makeNamespace('wide-more'), await makeNamespace('wide-less')];
    const made = await createRobot(db, {
      name: 'wide-robot',
      permissions: [
        { namespaceId: everyNamespace, permission: 'pull-push' },
        { namespaceId: less.id, permission: 'pull' },
        { namespaceId: more.id, permission: 'pull-push-delete' },
      ],
      description: '',
      createdBy: 'alice',
    });
    if (made.kind === 'exists') throw new Error('it exists');
    const { accountId } = made;
    const later = await makeNamespace('wide-later');
    expect(await rightsOf(accountId, 'wide-later')).toEqual(push);
    expect(await rightsOf(accountId, 'wide-less')).toEqual(push);
    expect(await rightsOf(accountId, 'wide-more')).toEqual(expect.arrayContaining(['push', 'delete']));
    const [listed] = (await listRobots(db, { namespaceId: later.id })).filter(({ id }) => id === accountId);
    if (listed === undefined) throw new Error('it is not listed');
    expect(listed.grants).toEqual([
      { namespace: everyNamespace, permission: 'pull-push' },
      { namespace: 'wide-less', permission: 'pull' },
      { namespace: 'wide-more', permission: 'pull-push-delete' },
    ]);
    expect(permissionIn(listed, 'wide-later')).toBe('pull-push');
    expect(permissionIn(listed, 'wide-more')).toBe('pull-push-delete');
    const visible = await listNamespaceNames(accountId);
    expect(visible).toEqual(expect.arrayContaining(['wide-later', 'wide-less', 'wide-more']));

    await changeRobot(db, accountId, { permissions: [{ namespaceId: less.id, permission: 'pull' }] });
    expect(await rightsOf(accountId, 'wide-later')).toEqual([]);
    expect(await rightsOf(accountId, 'wide-less')).toEqual(pull);
    expect(await listNamespaceNames(accountId)).toEqual(['wide-less']);
  });

  it('is never an admin, a user or one of a namespace, whoever writes the row', async () => {
    const home = await makeNamespace('wide-home');
    const { accountId } = await makeRobot('narrow', home);
    const user = await createAccount(database.db, { name: 'wide-user' });
    if (user.kind !== 'created') throw new Error('it exists');
    const set = async (role: string, id: number) =>
      await database.db.updateTable('account').set({ everywhere_role: role }).where('id', '=', id).execute();
    await expect(set('guest', accountId)).rejects.toThrow('account_everywhere_is_of_registry_robot');
    await expect(set('guest', user.account.id)).rejects.toThrow('account_everywhere_is_of_registry_robot');
    const { accountId: wide } = await makeRobot('wide-admin');
    await expect(set('admin', wide)).rejects.toThrow('everywhere_role');
  });

  async function listNamespaceNames(accountId: number): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`
      select n.name from namespace n join namespace_standing s on s.namespace_id = n.id
      where s.account_id = ${accountId} and n.name like 'wide-%' order by n.name`.execute(database.db);
    return rows.map(({ name }) => name);
  }
});

describe('warnOfExpiringSecrets()', () => {
  it('records one event for each secret that ends within 14 days, once', async () => {
    const home = await makeNamespace('warned');
    const { accountId, login } = await makeRobot('ci', home);
    const inDays = async (days: number, madeDaysAgo: number) => {
      const { id } = await makeSecret(accountId);
      await database.pool.query(
        `update access_secret set expires_at = now() + interval '${days * 24} hours',
           created_at = now() - interval '${madeDaysAgo} days' where id = ${id}`,
      );
      return id;
    };
    const soon = await inDays(13.9, 30);
    await inDays(14.1, 30);
    await inDays(-1, 30);
    await inDays(7, 0); // made for a week: a warning would come with it
    await makeSecret(accountId);
    const runs = await Promise.all([1, 2].map(() => warnOfExpiringSecrets(database.db)));
    expect(runs.toSorted()).toEqual([0, 1]);
    expect(await warnOfExpiringSecrets(database.db)).toBe(0);
    const { items } = await listEvents(database.db, { namespaceId: home.id, limit: 10 });
    expect(items.map(({ kind, subject, details }) => [kind, subject, details])).toEqual([
      ['robot-secret.expiring', login, expect.objectContaining({ secretId: soon })],
    ]);
  });
});

describe('forgetExpiredSecrets()', () => {
  it('keeps an expired secret for 30 days', async () => {
    const { accountId, login } = await makeRobot('old');
    for (const days of [29, 31]) {
      await makeSecret(accountId, new Date(Date.now() - days * 86_400_000));
    }
    expect(await forgetExpiredSecrets(database.db)).toBe(1);
    expect((await findRobot(database.db, login))?.secrets).toHaveLength(1);
  });
});
