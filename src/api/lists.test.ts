import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { storeSmallFeed } from '../testing/samples/small-feed.ts';
import { digestOfText, type StoredPackage, storeImage } from '../testing/stored-images.ts';

const firstPushMs = Date.parse('2026-01-10T00:00:00Z');
const configText = JSON.stringify({
  architecture: 'arm64',
  os: 'linux',
  created: '2016-05-31T23:20:20Z',
  rootfs: { type: 'layers', diff_ids: [digestOfText('a'), digestOfText('b')] },
  history: [
    { created_by: 'ADD file:alpine', created: '2016-05-31T23:20:20Z' },
    { created_by: 'CMD ["sh"]', empty_layer: true },
    { created_by: 'RUN apk add openssl' },
  ],
});

const packages: readonly StoredPackage[] = [
  {
    name: 'busybox',
    version: '1.24.2-r9',
    vulnerabilities: [
      {
        id: 'CVE-2016-2148',
        severity: 'critical',
        fixedVersion: '1.24.2-r12',
        aliases: ['GHSA-2222-3333-4444'],
      },
      { id: 'CVE-2016-6301', severity: 'low' },
    ],
  },
  {
    name: 'openssl',
    version: '1.0.2h-r0',
    layerIndex: 1,
    vulnerabilities: [{ id: 'CVE-2016-2177', severity: 'high', fixedVersion: '1.0.2h-r1' }],
  },
  { name: 'musl', version: '1.1.14-r10' },
];

let server: ApiServer;
let fullId = 0;

beforeAll(async () => {
  server = await startApiServer({ readConfig: async () => Buffer.from(configText) });
  const { db } = server.database;
  // Twenty images, pushed two at a time in the same microsecond; every fifth has findings, the others were not scanned.
  for (let index = 0; index < 20; index += 1) {
    const image = await storeImage(db, {
      namespaceId: index % 2 === 0 ? server.ownId : server.otherId,
      repository: `app-${index % 3}`,
      tags: index % 4 === 0 ? [] : [`v${index}`],
      content: `image ${index}`,
      pushedAt: new Date(firstPushMs + Math.floor(index / 2)),
      sizeBytes: 1000 + (index % 7),
      ...(index % 5 === 0 ? { packages: index === 10 ? packages : packages.slice(1) } : {}),
    });
    if (index === 10) fullId = image.id;
  }
  await db
    .insertInto('cve')
    .values({
      id: 'CVE-2016-2148',
      modified_at: new Date(firstPushMs),
      ratings: '[]',
      cwes: [],
      details: 'Heap overflow',
      published_at: null,
    })
    .execute();
});
afterAll(async () => {
  await server.close();
});

interface Listed {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
  readonly total: number;
}

async function list(path: string): Promise<Listed> {
  const { status, body } = await server.call('systemAdmin', 'GET', path);
  expect(status).toBe(200);
  return body as Listed; // the contract's page
}

/** All items of a list, page by page. */
async function walk(path: string, limit: number): Promise<readonly Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  let first: number | undefined;
  while (cursor !== null) {
    const page = await list(
      `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    expect(page.items.length).toBeLessThanOrEqual(limit);
    first ??= page.total;
    expect(page.total).toBe(first);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  expect(items).toHaveLength(first ?? 0);
  return items;
}

describe('list of images', () => {
  const sorts = [
    '-pushedAt',
    'pushedAt',
    '-severity',
    'severity',
    'repository',
    '-repository',
    'size',
    '-size',
  ];

  test.each(sorts)('sorted by %s pages through every image once', async (sort) => {
    const whole = (await walk(`/images?sort=${sort}`, 200)).map(({ id }) => id);
    expect(new Set(whole).size).toBe(20);
    expect((await walk(`/images?sort=${sort}`, 3)).map(({ id }) => id)).toEqual(whole);
  });

  test('sorts mean what they say', async () => {
    const pushed = (await list('/images')).items.map(({ pushedAt }) => String(pushedAt));
    expect(pushed).toEqual(pushed.toSorted().toReversed());
    const [worst] = (await list('/images?sort=-severity')).items;
    expect(worst).toMatchObject({
      id: fullId,
      severity: { highest: 'critical', critical: 1, high: 1, low: 1 },
    });
    const sizes = (await list('/images?sort=size')).items.map(({ sizeBytes }) => Number(sizeBytes));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    const names = (await list('/images?sort=repository')).items.map(
      (one) => `${one['namespace']}/${one['repository']}`,
    );
    expect(names).toEqual(names.toSorted());
  });

  test.each([
    ['namespace=own', 10],
    ['repository=app-1', 7],
    ['namespace=own&repository=app-0', 4],
    ['state=not-scanned', 16],
    ['state=undetermined', 0],
    ['severity=critical', 1],
    ['severity=high', 3],
    ['severity=none', 0],
    ['kind=index', 0],
    ['q=v1', 9],
    ['q=OWN%2Fapp-0', 4],
    [`q=${digestOfText('image 3')}`, 1],
    [`q=${digestOfText('image 3').slice(7, 19)}`, 1],
    ['q=%25', 0],
    ['q=app_0', 0],
    ['verdict=allow', 20],
    ['verdict=block', 0],
  ])('%s finds %i', async (filter, total) => {
    expect((await list(`/images?${filter}`)).total).toBe(total);
  });

  test('an image of many tags and no scan says so', async () => {
    const [image] = (await list(`/images?q=${digestOfText('image 1')}`)).items;
    expect(image).toMatchObject({ tags: ['v1'], severity: null, scan: { state: 'not-scanned' }, doubts: [] });
  });

  test('a cursor of another sort is refused', async () => {
    const { nextCursor } = await list('/images?sort=size&limit=1');
    const answer = await server.call('systemAdmin', 'GET', `/images?sort=-size&cursor=${nextCursor}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('cursor') } },
    });
  });

  test('a row that comes while paging shifts no page', async () => {
    const first = await list('/images?limit=5');
    const image = {
      namespaceId: server.ownId,
      repository: 'late',
      content: 'late',
      pushedAt: new Date('2026-01-20T00:00:00Z'),
    };
    await storeImage(server.database.db, image);
    const second = await list(`/images?limit=5&cursor=${first.nextCursor}`);
    expect(second.items.filter(({ id }) => first.items.some((one) => one['id'] === id))).toEqual([]);
    await server.database.db.deleteFrom('repository').where('name', '=', 'late').execute();
  });

  test('an index shows its worst image', async () => {
    const { db } = server.database;
    const index = await storeImage(db, {
      namespaceId: server.ownId,
      repository: 'app-1',
      tags: ['multi'],
      content: 'index',
    });
    await db.updateTable('manifest').set({ kind: 'index' }).where('digest', '=', index.digest).execute();
    const children = ['image 10', 'image 5'].map((content, position) => ({
      parent_digest: index.digest,
      position,
      child_digest: digestOfText(content),
      media_type: 'application/vnd.oci.image.manifest.v1+json',
      platform: JSON.stringify({ os: 'linux', architecture: position === 0 ? 'amd64' : 'arm64' }),
    }));
    await db.insertInto('manifest_child').values(children).execute();
    const [shown] = (await list('/images?kind=index')).items;
    expect(shown).toMatchObject({ kind: 'index', severity: { critical: 1, high: 1, low: 1 } });
    const details = await server.call('systemAdmin', 'GET', `/images/${index.id}`);
    expect(details.body).toMatchObject({
      children: [{ imageId: fullId, platform: { architecture: 'amd64' } }, { imageId: null }],
    });
    expect((await list(`/images/${index.id}/findings`)).total).toBe(4);
    await db.deleteFrom('tag').where('name', '=', 'multi').execute();
    await db.deleteFrom('repository_manifest').where('id', '=', index.id).execute();
    await db.deleteFrom('manifest').where('digest', '=', index.digest).execute();
  });
});

describe('details of an image', () => {
  test('layers, history with counts, platform and pull command', async () => {
    const { body } = await server.call('systemAdmin', 'GET', `/images/${fullId}`);
    const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
    expect(body).toMatchObject({
      id: fullId,
      namespace: 'own',
      imageId: digestOfText('config of image 10'),
      platform: { os: 'linux', architecture: 'arm64' },
      distribution: { id: 'alpine', versionId: '3.99.0' },
      createdAt: '2016-05-31T23:20:20Z',
      packageCount: 3,
      layers: [
        { index: 0, createdBy: 'ADD file:alpine', sizeBytes: 500 },
        { index: 1, createdBy: 'RUN apk add openssl' },
      ],
      history: [
        { layerIndex: 0, findingCounts: { ...none, critical: 1, low: 1 } },
        { emptyLayer: true, findingCounts: none },
        { layerIndex: 1, findingCounts: { ...none, high: 1 } },
      ],
      pullCommand: `docker pull registry.test/own/app-1:v10`,
    });
  });

  test('a finding says what, where, since when and where to read on', async () => {
    const { items, total } = await list(`/images/${fullId}/findings`);
    expect(total).toBe(3);
    expect(items.map(({ id }) => id)).toEqual(['CVE-2016-2148', 'CVE-2016-2177', 'CVE-2016-6301']);
    expect(items[0]).toEqual({
      kind: 'vulnerability',
      id: 'CVE-2016-2148',
      aliases: ['GHSA-2222-3333-4444'],
      severity: 'critical',
      package: {
        ecosystem: 'Alpine',
        name: 'busybox',
        version: '1.24.2-r9',
        purl: 'pkg:apk/alpine/busybox@1.24.2-r9?distro=alpine-3.99.0',
      },
      place: {
        layerIndex: 0,
        layerDigest: digestOfText('layer 0'),
        path: 'lib/apk/db/installed',
        createdBy: null,
      },
      fixedVersion: '1.24.2-r12',
      fixState: 'fixed',
      severitySource: 'vendor',
      ratings: [{ source: 'vendor', severity: 'critical' }],
      knownExploited: false,
      exploitation: null,
      epss: null,
      epssOn: null,
      risk: 0.28,
      informational: null,
      // The later of the first judgement of the image and the first match of the package.
      firstSeenAt: '2026-01-02T00:00:00.000Z',
      record: 'ALPINE-CVE-2016-2148',
      matched: null,
      undetermined: false,
      exempted: null,
      fromBase: null,
      url: 'https://nvd.nist.gov/vuln/detail/CVE-2016-2148',
    });
  });

  test('findings?explained=true say which record and range matched', async () => {
    const record = { cve: 'CVE-2016-2148', name: 'busybox', fixed: '1.24.2-r12', release: 'v3.4' };
    await storeSmallFeed(server.database.db, [record]);
    const { items } = await list(`/images/${fullId}/findings?explained=true&package=busybox`);
    const statement = {
      record: 'ALPINE-CVE-2016-2148',
      ecosystem: 'Alpine:v3.4',
      packageName: 'busybox',
      installedVersion: '1.24.2-r9',
      range: [{ introduced: '0' }, { fixed: '1.24.2-r12' }],
      listedVersion: null,
      doubt: null,
    };
    // Nothing is held any more that says the other.
    expect(items.map(({ id, matched }) => [id, matched])).toEqual([
      ['CVE-2016-2148', [statement]],
      ['CVE-2016-6301', []],
    ]);
    await server.database.db.deleteFrom('advisory').where('id', '=', statement.record).execute();
  });

  test.each([
    ['severity=high', ['CVE-2016-2177']],
    ['fixable=false', ['CVE-2016-6301']],
    ['q=ghsa-2222', ['CVE-2016-2148']],
    ['q=OPENSSL', ['CVE-2016-2177']],
    ['package=busybox', ['CVE-2016-2148', 'CVE-2016-6301']],
    ['sort=severity', ['CVE-2016-6301', 'CVE-2016-2177', 'CVE-2016-2148']],
    ['sort=-layer', ['CVE-2016-2177', 'CVE-2016-2148', 'CVE-2016-6301']],
    ['sort=id', ['CVE-2016-2148', 'CVE-2016-2177', 'CVE-2016-6301']],
    ['exempted=true', []],
  ])('findings?%s gives %j, in pages of one as well', async (query, ids) => {
    expect((await list(`/images/${fullId}/findings?${query}`)).items.map(({ id }) => id)).toEqual(ids);
    expect((await walk(`/images/${fullId}/findings?${query}`, 1)).map(({ id }) => id)).toEqual(ids);
  });

  test('packages are listed by name with their places', async () => {
    const names = (await walk(`/images/${fullId}/packages`, 2)).map(
      (one) => (one['purl'] as string).split('@')[0],
    );
    expect(names).toEqual(['pkg:apk/alpine/busybox', 'pkg:apk/alpine/musl', 'pkg:apk/alpine/openssl']);
    expect((await list(`/images/${fullId}/packages?q=musl`)).total).toBe(1);
  });

  test('a vulnerability names the images that the caller may see', async () => {
    const path = '/vulnerabilities/cve-2016-2148';
    expect((await server.call('systemAdmin', 'GET', path)).body).toMatchObject({
      id: 'CVE-2016-2148',
      details: 'Heap overflow',
      imageCount: 1,
      images: [{ imageId: fullId, namespace: 'own', repository: 'app-1', tags: ['v10'] }],
    });
    expect((await server.call('stranger', 'GET', path)).body).toMatchObject({ imageCount: 0, images: [] });
    expect((await server.call('guest', 'GET', '/vulnerabilities/CVE-1999-0001')).status).toBe(404);
  });
});

describe('other lists', () => {
  test('show only what the caller may see', async () => {
    const guest = await server.call('guest', 'GET', '/images?limit=200');
    expect(guest.body).toMatchObject({ total: 10 });
    expect(JSON.stringify(guest.body)).not.toContain('other');
    expect((await server.call('guest', 'GET', '/namespaces')).body).toMatchObject({
      total: 1,
      items: [{ name: 'own', role: 'guest' }],
    });
    expect((await server.call('guest', 'GET', '/repositories')).body).toMatchObject({ total: 3 });
    expect((await server.call('guest', 'GET', '/images?namespace=other')).status).toBe(404);
    expect((await server.call('guest', 'GET', '/system')).body).toMatchObject({
      counts: { namespaces: 1, images: 10 },
    });
  });

  test('repositories, tags and users page in order', async () => {
    const repositories = await walk('/repositories', 2);
    const names = repositories.map((one) => `${one['namespace']}/${one['name']}`);
    expect(names).toEqual(names.toSorted());
    expect(names).toHaveLength(6);
    const tags = await walk('/repositories/other/tags?repository=app-1', 1);
    expect(tags.map(({ name }) => name)).toEqual(['v1', 'v13', 'v19', 'v7']);
    const users = (await walk('/users', 3)).map(({ name }) => name);
    expect(users).toEqual([
      'auditor',
      'developer',
      'disabled',
      'guest',
      'maintainer',
      'namespaceadmin',
      'stranger',
      'systemadmin',
    ]);
    const members = (await walk('/namespaces/own/members', 2)).map(({ user }) => user);
    expect(members).toEqual(['auditor', 'developer', 'disabled', 'guest', 'maintainer', 'namespaceadmin']);
  });

  test('scanning by filter covers what the caller may scan, once per content', async () => {
    const filter = { state: 'not-scanned' };
    const answer = await server.call('developer', 'POST', '/scans', { filter });
    expect(answer).toMatchObject({ status: 202, body: { images: 8, queued: 8 } });
    expect((await list('/images?state=queued')).total).toBe(8);
    const [queued] = (await list('/images?state=queued')).items;
    expect((await server.call('developer', 'DELETE', `/images/${queued?.['id']}/scan`)).status).toBe(202);
    expect((await list('/images?state=cancelled')).total).toBe(1);
    expect((await server.call('developer', 'POST', '/scans', {})).status).toBe(400);
    expect((await server.call('developer', 'POST', '/scans', { imageIds: [999_999] })).status).toBe(404);
  });

  test('by verdict it pages through what the gate says now', async () => {
    const policy = { mode: 'enforce', minSeverity: 'high', states: { pending: 'warn' } };
    await server.call('systemAdmin', 'PATCH', '/namespaces/own', { policy });
    const blocked = await walk('/images?verdict=block&sort=-pushedAt', 1);
    expect(blocked.map(({ id }) => id)).toContain(fullId);
    expect(blocked).toHaveLength(2);
    expect(blocked[0]).toMatchObject({ verdict: { kind: 'block', reasonCount: expect.any(Number) } });
    await server.call('systemAdmin', 'PATCH', '/namespaces/own', { policy: { mode: 'off' } });
  });

  test('a verdict waits for a scan no longer than asked', async () => {
    const [queued] = (await list('/images?state=queued&namespace=own')).items;
    await server.call('systemAdmin', 'PATCH', '/namespaces/own', {
      policy: { mode: 'enforce', states: { pending: { holdSeconds: 5 } } },
    });
    const started = performance.now();
    const path = `/verdict?image=own/${queued?.['repository']}@${queued?.['digest']}&wait=1`;
    const { body } = await server.call('guest', 'GET', path);
    expect(body).toMatchObject({ verdict: 'hold', reasons: [{ kind: 'state', state: 'pending' }] });
    expect(performance.now() - started).toBeGreaterThan(900);
    expect((await server.call('guest', 'GET', '/verdict?image=own/app-1:nope')).status).toBe(404);
    expect((await server.call('guest', 'GET', '/verdict?image=other/app-1:v1')).status).toBe(404);
    expect((await server.call('guest', 'GET', '/verdict?image=//')).status).toBe(400);
  });
});
