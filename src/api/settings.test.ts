import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { storeImage } from '../testing/stored-images.ts';

let server: ApiServer;
let imageId = 0;
beforeAll(async () => {
  server = await startApiServer();
  const vulnerable = {
    name: 'busybox',
    version: '1.24.2-r9',
    vulnerabilities: [
      {
        id: 'CVE-2016-2148',
        severity: 'critical',
        fixedVersion: '1.24.2-r12',
        aliases: ['GHSA-2222-3333-4444'],
      },
      { id: 'CVE-2016-6301', severity: 'high' },
    ],
  } as const;
  const { db } = server.database;
  const image = { namespaceId: server.ownId, repository: 'app', tags: ['1.0', 'latest'] };
  imageId = (await storeImage(db, { ...image, content: 'vulnerable', packages: [vulnerable] })).id;
  await storeImage(db, { ...image, tags: ['2.0'], content: 'not scanned' });
  // Fresh feeds, so that verdicts are about findings and not about missing data.
  const feed = { record_count: 1, last_success_at: server.now(), last_attempt_at: server.now() };
  await db
    .insertInto('feed')
    .values({ name: 'KEV', newest_record_at: server.now(), ...feed })
    .execute();
  await db
    .insertInto('feed')
    .values({ name: 'Alpine', newest_record_at: server.now(), ...feed, last_error: null, source: null })
    .execute();
});
afterAll(async () => {
  await server.close();
});

interface Listed {
  readonly items: readonly Record<string, unknown>[];
}

const exemptions = '/namespaces/own/exemptions';

describe('policy', () => {
  test('a preview changes nothing and names what would be blocked', async () => {
    const body = { policy: { mode: 'enforce', minSeverity: 'critical' } };
    const preview = await server.call('guest', 'POST', '/namespaces/own/policy-preview', body);
    expect(preview).toMatchObject({ status: 200, body: { images: 2, blocked: 1, undetermined: 1 } });
    expect(preview.body).toMatchObject({
      examples: [
        {
          imageId,
          repository: 'app',
          tags: expect.arrayContaining(['1.0', 'latest']),
          reasons: [
            expect.stringContaining('CVE-2016-2148 (critical) in busybox 1.24.2-r9, fixed in 1.24.2-r12'),
          ],
        },
        { repository: 'app', tags: ['2.0'] },
      ],
    });
    expect((await server.call('guest', 'GET', '/namespaces/own')).body).toMatchObject({
      policy: { mode: 'off' },
      blockedCount: 0,
    });
  });

  test('a change is laid over the stored policy; switching on queues what was never scanned', async () => {
    const first = await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', {
      policy: {
        mode: 'enforce',
        minSeverity: 'critical',
        states: { failed: 'warn' },
        graceDays: { low: 5 },
        epssMin: 0.5,
      },
    });
    expect(first.body).toMatchObject({ policy: { mode: 'enforce', minSeverity: 'critical' }, imageCount: 2 });
    const second = await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', {
      policy: { minSeverity: 'high', graceDays: { low: null, high: 3 }, epssMin: null },
      autoScan: false,
    });
    expect(second.body).toMatchObject({
      autoScan: false,
      blockedCount: 1,
      policy: {
        mode: 'enforce',
        minSeverity: 'high',
        graceDays: { high: 3 },
        states: { failed: 'warn', incomplete: 'block', pending: { holdSeconds: 30 } },
      },
    });
    expect(second.body).not.toHaveProperty('policy.epssMin');
    expect(second.body).not.toHaveProperty('policy.graceDays.low');
    const queued = await server.call('guest', 'GET', '/images?namespace=own&state=queued');
    expect(queued.body).toMatchObject({ total: 1, items: [{ tags: ['2.0'], scan: { state: 'queued' } }] });
    const events = await server.call('auditor', 'GET', '/namespaces/own/events?kind=policy.changed');
    expect(events.body).toMatchObject({
      total: 2,
      items: [{ actor: 'namespaceadmin', subject: 'own', details: { after: { minSeverity: 'high' } } }, {}],
    });
  });

  test.each([
    [{ mode: 'on' }],
    [{ minSeverity: 'unknown' }],
    [{ epssMin: 2 }],
    [{ epssMin: '0.5' }],
    [{ states: { pending: { holdSeconds: 0 } } }],
    [{ states: { failed: 'hold' } }],
    [{ graceDays: { high: -1 } }],
    [{ fixableOnly: 'true' }],
    [null],
  ])('%j is no policy', async (policy) => {
    expect((await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { policy })).status).toBe(400);
  });
});

describe('exemptions', () => {
  test('ids are normalised and may be lists in lists', async () => {
    const answer = await server.call('auditor', 'POST', exemptions, {
      ids: [' cve-2020-0001 ', 'GHSA-5555-6666-7777,dsa-1234-1\n\nDLA-77-1;CVE-2020-0001', '  '],
      reason: ' reviewed ',
      repository: 'app',
      package: 'busybox',
      expiresAt: '2027-01-01T00:00:00Z',
    });
    expect(answer.status).toBe(201);
    const { items } = answer.body as Listed;
    expect(items.map(({ vulnerabilityId }) => vulnerabilityId)).toEqual([
      'CVE-2020-0001',
      'GHSA-5555-6666-7777',
      'DSA-1234-1',
      'DLA-77-1',
    ]);
    expect(items[0]).toMatchObject({
      repository: 'app',
      package: 'busybox',
      reason: 'reviewed',
      createdBy: 'auditor',
      expiresAt: '2027-01-01T00:00:00.000Z',
      expired: false,
    });
  });

  test('one malformed id refuses all, listing every malformed one', async () => {
    const before = await server.call('guest', 'GET', exemptions);
    const answer = await server.call('auditor', 'POST', exemptions, {
      ids: ['CVE-2024-1234', 'CVE-1, foo'],
      reason: 'x',
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: { malformed: ['CVE-1', 'foo'] } } },
    });
    expect((await server.call('guest', 'GET', exemptions)).body).toEqual(before.body);
  });

  test.each([
    ['no ids', { ids: [], reason: 'x' }],
    ['blank ids', { ids: [' , '], reason: 'x' }],
    ['no reason', { ids: ['CVE-2024-1234'] }],
    ['a blank reason', { ids: ['CVE-2024-1234'], reason: '  ' }],
    ['an end in the past', { ids: ['CVE-2024-1234'], reason: 'x', expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end that is no instant', { ids: ['CVE-2024-1234'], reason: 'x', expiresAt: 'tomorrow' }],
    ['a malformed digest', { ids: ['CVE-2024-1234'], reason: 'x', digest: 'sha256:AB' }],
    ['a malformed pattern', { ids: ['CVE-2024-1234'], reason: 'x', repository: '{a' }],
    ['ids as text', { ids: 'CVE-2024-1234', reason: 'x' }],
  ])('%s is refused', async (_name, body) => {
    expect((await server.call('namespaceAdmin', 'POST', exemptions, body)).status).toBe(400);
  });

  test('an exemption takes findings out of the verdict and marks them, until it expires or is deleted', async () => {
    const verdict = async () => (await server.call('guest', 'GET', '/verdict?image=own/app:1.0')).body;
    expect(await verdict()).toMatchObject({
      verdict: 'block',
      reasons: [{ id: 'CVE-2016-2148' }, { id: 'CVE-2016-6301' }],
    });
    const made = await server.call('auditor', 'POST', exemptions, {
      ids: ['ghsa-2222-3333-4444', 'cve-2016-6301'],
      reason: 'not reachable',
      expiresAt: '2026-02-02T00:00:00Z',
    });
    expect(await verdict()).toMatchObject({
      verdict: 'allow',
      exempted: 2,
      reportUrl: `http://registry.test/images/${imageId}`,
    });
    const findings = await server.call('guest', 'GET', `/images/${imageId}/findings`);
    expect(findings.body).toMatchObject({
      total: 2,
      items: [
        { exempted: { by: 'auditor', reason: 'not reachable', expiresAt: '2026-02-02T00:00:00.000Z' } },
        {},
      ],
    });
    expect((await server.call('guest', 'GET', '/namespaces/own')).body).toMatchObject({ blockedCount: 0 });
    server.setNow(new Date('2026-02-02T00:00:00Z'));
    expect(await verdict()).toMatchObject({ verdict: 'block' });
    server.setNow(new Date('2026-02-01T00:00:00Z'));
    const [first] = (made.body as Listed).items;
    expect((await server.call('auditor', 'DELETE', `${exemptions}/${String(first?.['id'])}`)).status).toBe(
      204,
    );
    expect(await verdict()).toMatchObject({ verdict: 'block', reasons: [{ id: 'CVE-2016-2148' }] });
  });
});

describe('immutability rules', () => {
  const rules = '/namespaces/own/immutability-rules';
  const selection = (pattern: string) => ({ match: 'matching', pattern });

  test('the preview says which existing tags a rule would hold', async () => {
    const preview = await server.call('guest', 'POST', `${rules}/preview`, { template: 'latest' });
    expect(preview.body).toEqual({
      total: 3,
      immutableCount: 2,
      tags: [
        { repository: 'app', tag: '1.0', immutable: true },
        { repository: 'app', tag: '2.0', immutable: true },
        { repository: 'app', tag: 'latest', immutable: false },
      ],
    });
  });

  test('a custom rule can be changed, one of template latest only switched', async () => {
    const custom = { template: 'custom', repositories: selection('**'), tags: selection('{1.0,2.0}') };
    const made = await server.call('namespaceAdmin', 'POST', rules, custom);
    expect(made).toMatchObject({ status: 201, body: { ...custom, enabled: true, allowDelete: false } });
    const { id } = made.body as { id: number };
    const tags = async () =>
      ((await server.call('guest', 'GET', '/repositories/own/tags?repository=app')).body as Listed).items;
    expect((await tags()).map(({ immutable }) => immutable)).toEqual([true, true, false]);
    const changed = await server.call('namespaceAdmin', 'PATCH', `${rules}/${id}`, {
      tags: selection('1.*'),
    });
    expect(changed.body).toMatchObject({ tags: selection('1.*'), enabled: true });
    expect((await tags()).map(({ immutable }) => immutable)).toEqual([true, false, false]);
    await server.call('namespaceAdmin', 'PATCH', `${rules}/${id}`, { enabled: false });
    expect((await tags()).map(({ immutable }) => immutable)).toEqual([false, false, false]);

    const latest = await server.call('namespaceAdmin', 'POST', rules, { template: 'latest' });
    const path = `${rules}/${(latest.body as { id: number }).id}`;
    const deletion = '/namespaces/own/tags?repository=app&tag=2.0';
    expect(await server.call('namespaceAdmin', 'DELETE', deletion)).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringContaining('immutable') } },
    });
    expect((await server.call('namespaceAdmin', 'PATCH', path, { tags: selection('x') })).status).toBe(400);
    expect((await server.call('namespaceAdmin', 'PATCH', path, { enabled: false })).status).toBe(200);
  });

  test.each([
    [{ template: 'latest', tags: selection('x') }],
    [{ template: 'custom', tags: selection('x') }],
    [{ template: 'custom', repositories: selection('**'), tags: selection('(a+)+$'.repeat(50)) }],
    [{ template: 'custom', repositories: selection('{a'), tags: selection('x') }],
    [{ template: 'other' }],
  ])('%j is no rule', async (body) => {
    expect((await server.call('namespaceAdmin', 'POST', rules, body)).status).toBe(400);
  });
});

describe('users and namespaces', () => {
  test('a generated password is shown once and signs in', async () => {
    const made = await server.call('systemAdmin', 'POST', '/users', { name: 'newcomer' });
    const { password } = made.body as { password: string };
    const login = { username: 'newcomer', password };
    expect((await server.call('anonymous', 'POST', '/session', login)).status).toBe(201);
    const listed = await server.call('systemAdmin', 'GET', '/users');
    expect(JSON.stringify(listed.body)).not.toContain('assword');
    expect(
      (await server.call('systemAdmin', 'PATCH', '/users/newcomer', { disabled: true })).body,
    ).toMatchObject({ disabled: true });
    expect((await server.call('anonymous', 'POST', '/session', login)).status).toBe(401);
  });

  test('the last system admin stays', async () => {
    expect((await server.call('systemAdmin', 'PATCH', '/users/systemadmin', { isAdmin: false })).status).toBe(
      409,
    );
    expect((await server.call('systemAdmin', 'DELETE', '/users/systemadmin')).status).toBe(409);
  });

  test('names are checked and taken once', async () => {
    for (const name of ['Upper', 'a/b', '-a', 'a'.repeat(65)]) {
      expect([name, (await server.call('systemAdmin', 'POST', '/namespaces', { name })).status]).toEqual([
        name,
        400,
      ]);
    }
    for (const name of ['Upper', 'a:b', 'anonymous']) {
      expect([name, (await server.call('systemAdmin', 'POST', '/users', { name })).status]).toEqual([
        name,
        400,
      ]);
    }
    expect((await server.call('systemAdmin', 'POST', '/namespaces', { name: 'own' })).status).toBe(409);
    expect((await server.call('systemAdmin', 'POST', '/users', { name: 'guest' })).status).toBe(409);
  });

  test('a namespace that holds images is not deleted', async () => {
    const answer = await server.call('systemAdmin', 'DELETE', '/namespaces/own');
    expect(answer).toMatchObject({ status: 409, body: { error: { details: { imageCount: 2 } } } });
  });

  test('a public namespace is readable for every account, but not for nobody', async () => {
    await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { public: true });
    expect((await server.call('stranger', 'GET', '/namespaces/own')).body).toMatchObject({
      role: 'guest',
      public: true,
    });
    expect((await server.call('stranger', 'GET', exemptions)).status).toBe(200);
    expect((await server.call('stranger', 'GET', '/namespaces/own/members')).status).toBe(403);
    expect((await server.call('anonymous', 'GET', '/namespaces/own')).status).toBe(401);
    await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { public: false });
  });
});
