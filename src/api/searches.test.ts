import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { type StoredPackage, storeImage } from '../testing/stored-images.ts';

const openssl = (version: string, ...ids: readonly string[]): StoredPackage => ({
  name: 'openssl',
  version,
  vulnerabilities: ids.map((id) => ({
    id,
    severity: 'high',
    fixedVersion: '3.0.15-r0',
    aliases: [`ALPINE-${id}`],
  })),
});
const musl: StoredPackage = { name: 'musl', version: '1.2.4-r0' };
const secretTool: StoredPackage = {
  name: 'acme-secret-tool',
  version: '1.0-r0',
  vulnerabilities: [{ id: 'CVE-2030-7777', severity: 'critical' }],
};

let server: ApiServer;
const images: Record<string, number> = {};

beforeAll(async () => {
  server = await startApiServer();
  const { ownId, otherId } = server;
  await store('old', ownId, [openssl('3.0.12-r0', 'CVE-2030-1111', 'CVE-2030-2222'), musl]);
  await store('new', ownId, [
    openssl('3.0.14-r0', 'CVE-2030-2222'),
    { name: 'zlib', version: '1.3-r0', vulnerabilities: [{ id: 'CVE-2030-3333', severity: 'low' }] },
  ]);
  await store('unscanned', ownId, undefined);
  await store('foreign', otherId, [openssl('3.0.12-r0', 'CVE-2030-1111', 'CVE-2030-2222'), secretTool]);
});
afterAll(async () => {
  await server.close();
});

async function store(
  name: string,
  namespaceId: number,
  packages: readonly StoredPackage[] | undefined,
): Promise<void> {
  const pushedAt = new Date(Date.UTC(2026, 0, 1 + Object.keys(images).length));
  const content = { content: name, ...(packages === undefined ? {} : { packages }) };
  const image = { namespaceId, repository: 'app', tags: [name], pushedAt, ...content };
  images[name] = (await storeImage(server.database.db, image)).id;
}

async function get(role: 'guest' | 'systemAdmin', path: string) {
  const { status, body } = await server.call(role, 'GET', path);
  // Named by the contract; each test looks at its own part.
  return {
    status,
    body: body as { items: Record<string, unknown>[]; total: number } & Record<string, unknown>,
  };
}

describe('searches', () => {
  const ask = (text: string) => encodeURIComponent(text);

  test('count what the caller may read, unique vulnerabilities and affected images apart', async () => {
    for (const [role, held] of [
      ['guest', 2],
      ['systemAdmin', 3],
    ] as const)
      expect((await get(role, `/search?q=${ask('openssl <3.0.15-r0')}`)).body).toEqual({
        kind: 'package',
        vulnerabilities: { unique: 2, ids: ['CVE-2030-1111', 'CVE-2030-2222'] },
        packages: { count: 2, incomparable: 0 },
        images: { holding: held, affected: held },
        isCut: false,
      });
    expect((await get('guest', '/search?q=alpine-cve-2030-1111')).body).toMatchObject({
      kind: 'vulnerability',
      vulnerabilities: { unique: 1 },
      images: { affected: 1 },
    });
  });

  test('list packages with the images that hold them, and those images as lists show them', async () => {
    const { body } = await get('guest', `/packages?q=openssl`);
    expect(body.items.map(({ version, imageCount, purl }) => [version, imageCount, purl])).toEqual([
      ['3.0.12-r0', 1, 'pkg:apk/alpine/openssl@3.0.12-r0'],
      ['3.0.14-r0', 1, 'pkg:apk/alpine/openssl@3.0.14-r0'],
    ]);
    for (const item of body.items)
      expect((await get('guest', `/images?holds=${ask(String(item['purl']))}`)).body).toMatchObject({
        total: 1,
      });
    const held = await get('guest', `/images?holds=${ask('openssl >=3')}`);
    expect(held.body.items.map(({ id }) => id)).toEqual([images['new'], images['old']]);
    expect(held.body.items[0]).toMatchObject({
      verdict: { kind: expect.any(String) },
      severity: { high: 1 },
    });
    expect((await get('guest', '/images?holds=CVE-2030-1111')).body.total).toBe(1);
    expect((await get('guest', '/images?holds=nothing-of-this-name')).body.total).toBe(0);
  });

  test('page through open vulnerabilities, each once', async () => {
    const { body } = await get('guest', '/vulnerabilities?limit=2');
    expect(body.items.map(({ id, imageCount }) => [id, imageCount])).toEqual([
      ['CVE-2030-1111', 1],
      ['CVE-2030-2222', 2],
    ]);
    expect(body.total).toBe(3);
    const next = await get('guest', `/vulnerabilities?limit=2&cursor=${String(body['nextCursor'])}`);
    expect(next.body.items.map(({ id }) => id)).toEqual(['CVE-2030-3333']);
    expect(next.body['nextCursor']).toBeNull();
  });

  test('show nothing of other namespaces (threats.md A1, A7)', async () => {
    const paths = ['/search', '/packages', '/images'].flatMap((path) =>
      ['acme-secret-tool', '*secret*', 'CVE-2030-7777', 'pkg:apk/alpine/acme-secret-tool'].map(
        (text) => `${path}?${path === '/images' ? 'holds' : 'q'}=${ask(text)}`,
      ),
    );
    for (const path of [
      ...paths,
      '/vulnerabilities',
      '/vulnerabilities?q=secret',
      '/vulnerabilities?q=7777',
    ]) {
      const { body } = await get('guest', path);
      expect(JSON.stringify(body), path).not.toMatch(/secret|7777/);
      expect(body.total ?? 0, path).toBe(path === '/vulnerabilities' ? 3 : 0);
      if (path.startsWith('/search')) expect(body['packages']).toEqual({ count: 0, incomparable: 0 });
    }
    for (const path of ['/search?q=a&', '/packages?q=a&', '/vulnerabilities?', '/images?holds=a&'])
      expect((await get('guest', `${path}namespace=other`)).status).toBe(404);
  });

  test.each(['pkg:npm', 'pkg:docker/nginx', 'a b', 'a <', '**'])(
    'answer %s with 400 and why',
    async (text) => {
      for (const path of ['/search?q=', '/packages?q=', '/images?holds=']) {
        const { status, body } = await get('guest', `${path}${ask(text)}`);
        expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('Cannot search for')]);
      }
    },
  );
});

describe('comparisons', () => {
  const of = (name: string, rest: string) => `/images/${images[name]}/comparison${rest}`;

  test('tell added, fixed and unchanged; the same in another version is unchanged', async () => {
    const { body } = await get('guest', of('new', `?with=${images['old']}`));
    expect(body).toMatchObject({
      image: { imageId: images['new'], tags: ['new'], doubts: [] },
      with: { imageId: images['old'] },
      findings: { added: { low: 1 }, fixed: { high: 1 }, unchanged: { high: 1 }, undecided: { high: 0 } },
      packages: { added: 1, removed: 1, upgraded: 1, downgraded: 0, changed: 0, unchanged: 0 },
      layers: { count: 2, countWith: 2, shared: 1, sharedBytes: 500 },
    });
    // The one pushed before is what it is compared with by itself.
    expect((await get('guest', of('new', ''))).body).toEqual(body);
    const findings = await get('guest', of('new', '/findings'));
    expect(findings.body.items.map(({ id, change }) => [id, change])).toEqual([
      ['CVE-2030-1111', 'fixed'],
      ['CVE-2030-2222', 'unchanged'],
      ['CVE-2030-3333', 'added'],
    ]);
    expect(findings.body.items[1]).toMatchObject({ version: '3.0.14-r0', versionBefore: '3.0.12-r0' });
    const back = await get('guest', of('old', `/packages?with=${images['new']}&change=downgraded`));
    expect(back.body.items).toEqual([
      {
        change: 'downgraded',
        ecosystem: 'Alpine',
        name: 'openssl',
        before: ['3.0.14-r0'],
        after: ['3.0.12-r0'],
      },
    ]);
  });

  test('never call fixed what was not scanned', async () => {
    const { body } = await get('guest', of('unscanned', `?with=${images['new']}`));
    expect(body).toMatchObject({
      image: { state: 'not-scanned', doubts: [expect.stringContaining('never been scanned')] },
      findings: { fixed: { high: 0, low: 0 }, undecided: { high: 1, low: 1 } },
    });
    const turned = await get('guest', of('new', `?with=${images['unscanned']}`));
    expect(turned.body).toMatchObject({ findings: { added: { high: 0 }, undecided: { high: 1, low: 1 } } });
  });

  test('need the right to both images (threats.md A1)', async () => {
    for (const rest of ['', '/findings', '/packages']) {
      const foreign = await get('guest', of('new', `${rest}?with=${images['foreign']}`));
      const absent = await get('guest', of('new', `${rest}?with=999999`));
      expect([foreign.status, absent.status]).toEqual([404, 404]);
      const message = JSON.stringify(foreign.body).replace(String(images['foreign']), '999999');
      expect(message.replace(/"requestId":"[^"]*"/, '')).toBe(
        JSON.stringify(absent.body).replace(/"requestId":"[^"]*"/, ''),
      );
      expect((await get('systemAdmin', of('new', `${rest}?with=${images['foreign']}`))).status).toBe(200);
    }
    expect((await get('guest', of('old', ''))).status).toBe(404);
  });
});
