import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followSeverityOrder } from '../scan/summaries/follow-severity-order.ts';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { type StoredVulnerability, storeImage } from '../testing/stored-images.ts';

// The distribution says little of the first, and CVSS much; of the second it is the other way round.
const disputed: StoredVulnerability = {
  id: 'CVE-2026-1',
  severity: 'low',
  sources: { vendor: 'low', 'cvss-v3': 'critical', 'cvss-v2': 'high' },
  fixedVersion: '2',
};
const belittled: StoredVulnerability = {
  id: 'CVE-2026-2',
  severity: 'critical',
  sources: { vendor: 'critical', 'cvss-v3': 'negligible' },
};
const onlyVendor: StoredVulnerability = { id: 'CVE-2026-3', severity: 'high' };

let server: ApiServer;
const ids: Record<string, number> = {};

beforeAll(async () => {
  server = await startApiServer();
  const { db } = server.database;
  const findings = { disputed: [disputed], belittled: [belittled], vendor: [onlyVendor], none: [] };
  for (const [repository, vulnerabilities] of Object.entries(findings))
    for (const namespaceId of repository === 'none' ? [server.ownId] : [server.ownId, server.otherId]) {
      const own = namespaceId === server.ownId;
      const content = repository === 'disputed' ? repository : `${repository} ${namespaceId}`;
      const packages = [{ name: repository, version: '1', vulnerabilities }];
      // One image is in both namespaces, with one result.
      const shared = repository === 'disputed' && !own;
      const stored = await storeImage(db, {
        namespaceId,
        repository,
        content,
        ...(shared ? {} : { packages }),
      });
      ids[`${own ? 'own' : 'other'}/${repository}`] = stored.id;
    }
  await db
    .insertInto('feed')
    .values({
      name: 'Alpine',
      record_count: 9,
      last_success_at: server.now(),
      newest_record_at: null,
      last_attempt_at: null,
      last_error: null,
      source: null,
    })
    .execute();
  const policy = { mode: 'enforce', minSeverity: 'high', states: { undetermined: 'allow' } };
  expect((await server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { policy })).status).toBe(200);
});
afterAll(() => server.close());

const order = (severityOrder: unknown) =>
  server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { severityOrder });
const follow = () => followSeverityOrder(server.database.db, { namespaceId: server.ownId });

interface Shown {
  readonly repository: string;
  readonly namespace: string;
  readonly severity: Readonly<Record<string, unknown>>;
  readonly verdict: { readonly kind: string };
}
async function images(query: string): Promise<readonly Shown[]> {
  const { body } = await server.call('systemAdmin', 'GET', `/images?${query}`);
  return (body as { items: readonly Shown[] }).items;
}
const names = (shown: readonly Shown[]) =>
  shown.map(({ namespace, repository }) => `${namespace}/${repository}`);
async function blocked(): Promise<readonly string[]> {
  return names(await images('namespace=own&verdict=block&sort=repository'));
}
async function finding(image: string): Promise<unknown> {
  const { body } = await server.call('systemAdmin', 'GET', `/images/${ids[image]}/findings`);
  return (body as { items: readonly unknown[] }).items[0];
}

describe('a namespace’s order of severity sources', () => {
  test('is the default one at first, and when it is set to null', async () => {
    const all = ['vendor', 'ecosystem', 'cvss-v4', 'cvss-v3', 'cvss-v2'];
    expect((await server.call('guest', 'GET', '/namespaces/own')).body).toMatchObject({ severityOrder: all });
    expect((await order(['cvss-v3'])).body).toMatchObject({ severityOrder: ['cvss-v3'] });
    expect((await order(null)).body).toMatchObject({ severityOrder: all });
    await follow();
    expect(await blocked()).toEqual(['own/belittled', 'own/vendor']);
  });

  test.each([
    [[], 'severityOrder'],
    [['nvd'], 'vendor'],
    [['vendor', 'vendor'], 'severityOrder'],
    ['vendor', 'severityOrder'],
  ])('%j is refused with what is allowed', async (malformed, said) => {
    const { status, body } = await order(malformed);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(said);
  });

  test('acts on verdicts and findings at once, in lists when they are counted again', async () => {
    await order(['cvss-v3', 'vendor']);
    // Not counted yet: lists show the former order, and what the gate does to each image as it is now.
    expect(
      (await images('namespace=own&sort=repository')).map(({ severity }) => severity['highest']),
    ).toEqual(['critical', 'low', null, 'high']);
    expect(await blocked()).toEqual(['own/disputed', 'own/vendor']);
    expect(await finding('own/disputed')).toMatchObject({
      severity: 'critical',
      severitySource: 'cvss-v3',
      ratings: [
        { source: 'vendor', severity: 'low' },
        { source: 'cvss-v3', severity: 'critical' },
        { source: 'cvss-v2', severity: 'high' },
      ],
    });
    expect(await follow()).toBe(4);
    expect(await blocked()).toEqual(['own/disputed', 'own/vendor']);
    expect(names(await images('namespace=own&severity=critical'))).toEqual(['own/disputed']);
    expect(names(await images('namespace=own&sort=-severity'))).toEqual([
      'own/disputed',
      'own/vendor',
      'own/belittled',
      'own/none',
    ]);
    const [details] = (await images('namespace=own&severity=critical')).map(({ severity }) => severity);
    expect(details).toMatchObject({ highest: 'critical', critical: 1, low: 0, fixable: 1 });
    expect((await server.call('guest', 'GET', `/images/${ids['own/disputed']}`)).body).toMatchObject({
      upgrades: [{ clears: 1, clearsHighOrWorse: 1 }],
    });
  });

  test('leaves the same image elsewhere as it was, and merges both in one list', async () => {
    expect(await finding('other/disputed')).toMatchObject({ severity: 'low', severitySource: 'vendor' });
    const sorted = await images('sort=-severity');
    expect(sorted.map(({ severity }) => severity['highest'])).toEqual([
      'critical',
      'critical',
      'high',
      'high',
      'low',
      'negligible',
      null,
    ]);
    expect(new Set(names(sorted.slice(0, 2)))).toEqual(new Set(['own/disputed', 'other/belittled']));
    const pages = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await server.call(
        'systemAdmin',
        'GET',
        `/images?sort=severity&limit=2${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      const page = body as { items: readonly Shown[]; nextCursor: string | null; total: number };
      expect(page.total).toBe(7);
      pages.push(...names(page.items));
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(names(sorted).toReversed());
    expect(names(await images('severity=low'))).toEqual(['other/disputed']);
  });

  test('may be whoever rates worst', async () => {
    await order(['cvss-v4', 'highest']);
    await follow();
    const worst = ['own/belittled', 'own/disputed'];
    expect(names(await images('namespace=own&severity=critical')).toSorted()).toEqual(worst);
    expect(await finding('own/belittled')).toMatchObject({ severity: 'critical', severitySource: 'vendor' });
  });

  test('a source that is left out does not count', async () => {
    await order(['cvss-v3', 'cvss-v2']);
    await follow();
    expect(await finding('own/vendor')).toMatchObject({ severity: 'unknown', severitySource: null });
    expect(names(await images('namespace=own&severity=unknown'))).toEqual(['own/vendor']);
    // Unknown counts as high unless the policy says otherwise.
    expect(await blocked()).toEqual(['own/disputed', 'own/vendor']);
  });

  test('forgets the counts of an order that nobody has any more', async () => {
    await order(null);
    expect(await follow()).toBe(0);
    const rows = await server.database.db.selectFrom('image_severity').selectAll().execute();
    expect(rows).toEqual([]);
    expect(names(await images('namespace=own&severity=critical'))).toEqual(['own/belittled']);
  });

  test('may be given when the namespace is made, and heeds the right to change settings', async () => {
    const made = await server.call('systemAdmin', 'POST', '/namespaces', {
      name: 'rated',
      severityOrder: ['cvss-v4', 'cvss-v3'],
    });
    expect(made.body).toMatchObject({ severityOrder: ['cvss-v4', 'cvss-v3'] });
    const refused = await server.call('developer', 'PATCH', '/namespaces/own', { severityOrder: ['vendor'] });
    expect(refused.status).toBe(403);
  });
});

describe('findings by risk', () => {
  const found = (index: number, severity: StoredVulnerability['severity']): StoredVulnerability => ({
    id: `CVE-2026-1${index}`,
    severity,
  });
  let path = '';

  beforeAll(async () => {
    const { db } = server.database;
    const vulnerabilities = [
      found(0, 'critical'),
      found(1, 'high'),
      found(2, 'low'),
      found(3, 'negligible'),
      found(4, 'unknown'),
      found(5, 'critical'),
    ];
    const packages = [{ name: 'openssl', version: '3', vulnerabilities }];
    const wanted = { namespaceId: server.otherId, repository: 'risks', content: 'risks', packages };
    path = `/images/${(await storeImage(db, wanted)).id}/findings`;
    const listing = { added_on: '2026-01-02', due_on: '2026-01-23', ransomware: true, details: '{}' };
    await db
      .insertInto('known_exploited')
      .values({ cve: 'CVE-2026-13', ...listing })
      .execute();
    // Nobody gives a score for the high one and the unknown one.
    const scores = { '10': 0.001, '12': 0.9, '13': 0.0001, '15': 0.02 };
    for (const [id, probability] of Object.entries(scores))
      await db
        .insertInto('epss')
        .values({ cve: `CVE-2026-${id}`, probability, percentile: 0.5 })
        .execute();
    await server.database.pool.query(
      `insert into advisory (id, modified_at, vulnerabilities, aliases, ratings, summary, content_hash, record)
       values ('ALPINE-CVE-2026-10', now(), '{}', '{}', '[]', '', '', '')`,
    );
    await server.database.pool.query(
      `insert into advisory_package (advisory_id, position, ecosystem, release, name, affected)
       values ('ALPINE-CVE-2026-10', 0, 'Alpine', '', 'openssl', '{"informational":"unsound"}')`,
    );
    await server.database.pool.query(
      `insert into feed (name, record_count, newest_record_at) values ('EPSS', 4, '2026-01-30')`,
    );
  });

  test('stand first what CISA lists, then severity × EPSS, where no score is neither none nor all', async () => {
    const { body } = await server.call('systemAdmin', 'GET', path);
    const { items } = body as { items: readonly Record<string, unknown>[] };
    expect(items.map(({ id, severity, epss }) => [id, severity, epss])).toEqual([
      ['CVE-2026-13', 'negligible', 0.0001],
      ['CVE-2026-12', 'low', 0.9],
      ['CVE-2026-11', 'high', null],
      ['CVE-2026-14', 'unknown', null],
      ['CVE-2026-15', 'critical', 0.02],
      ['CVE-2026-10', 'critical', 0.001],
    ]);
    expect(items[0]).toMatchObject({
      exploitation: { addedOn: '2026-01-02', dueOn: '2026-01-23', ransomware: true },
      epssOn: '2026-01-30',
    });
    expect(items[1]).toMatchObject({ exploitation: null, epssOn: '2026-01-30', risk: 2 * 0.9 });
    expect(items[2]).toMatchObject({ epssOn: null, risk: 8 * 0.028, informational: null });
    expect(items[5]).toMatchObject({ informational: 'unsound' });
    const reversed = await server.call('systemAdmin', 'GET', `${path}?sort=risk`);
    expect((reversed.body as typeof body & { items: unknown[] }).items.at(-1)).toEqual(items[0]);
  });
});
