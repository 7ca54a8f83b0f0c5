import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiRole, type ApiServer, startApiServer } from '../testing/api-server.ts';
import {
  type BuiltImage,
  buildImage,
  buildIndex,
  buildLayer,
  type ImageOptions,
} from '../testing/samples/build-image.ts';
import { random } from '../testing/samples/secret-samples.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import type { Finding } from './contract/finding.ts';
import type { ImageDetails } from './contract/image.ts';
import type { SecretFinding } from './contract/secret.ts';

const system = buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.8-r0' }));
const fixedSystem = buildLayer(alpineFiles({ musl: '1.1.16-r11', zlib: '1.2.8-r0' }));
const own = buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.8-r0', curl: '7.50.0-r0' }));
const baseImage = buildImage({ layers: [system] });
const newerImage = buildImage({ layers: [fixedSystem], createdAt: '2020-02-01T00:00:00Z' });
const appImage = buildImage({ layers: [system, own] });

let server: ApiServer;
let harness: ScanHarness;

beforeEach(async () => {
  server = await startApiServer({ readConfig: async (digest) => harness.blobs.get(digest) });
  harness = await ScanHarness.start(server.database);
  harness.now = server.now;
  const { db } = server.database;
  await storeFeedStatus(db, server.now());
  await storeSmallFeed(db, [
    { cve: 'CVE-2026-1', name: 'musl', fixed: '1.1.16-r11', severity: 'critical' },
    { cve: 'CVE-2026-2', name: 'zlib', fixed: '1.2.11-r0' },
    { cve: 'CVE-2026-3', name: 'curl', fixed: '7.55.0-r0', severity: 'low' },
  ]);
});
afterEach(async () => {
  await harness.close();
  await server.close();
});

async function store(
  namespaceId: number,
  image: BuiltImage,
  where: { readonly repository: string; readonly tag?: string },
): Promise<void> {
  await harness.push(namespaceId, image, where);
  await harness.scan(image.digest);
  expect(harness.failures).toEqual([]);
}

async function idOf({ digest }: BuiltImage): Promise<number> {
  const { rows } = await server.database.pool.query<{ id: number }>(
    'select id from repository_manifest where manifest_digest = $1',
    [digest],
  );
  return Number(rows[0]?.id);
}

async function get<Body>(role: ApiRole, path: string): Promise<Body> {
  const { status, body } = await server.call(role, 'GET', path);
  expect(status).toBe(200);
  return body as Body;
}

const details = async (role: ApiRole = 'guest') =>
  await get<ImageDetails>(role, `/images/${await idOf(appImage)}`);

const findings = async (role: ApiRole, query = '') => {
  const { items } = await get<{ items: Finding[] }>(role, `/images/${await idOf(appImage)}/findings${query}`);
  return items.map(({ id, fromBase }) => [id, fromBase]);
};

describe('the base of an image', () => {
  it('is told with what came from it; a second image on it reads only its own layers', async () => {
    await store(server.ownId, baseImage, { repository: 'alpine', tag: '3.6' });
    await store(server.ownId, appImage, { repository: 'app' });
    expect(await harness.scanRow(appImage.digest)).toMatchObject({ layers_total: 2, layers_read: 1 });
    const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
    expect((await details()).base).toEqual({
      imageId: expect.any(Number),
      namespace: 'own',
      repository: 'alpine',
      tags: ['3.6'],
      formerTags: [],
      digest: baseImage.digest,
      layerCount: 1,
      findingCounts: { ...none, critical: 1, high: 1 },
      ownFindingCounts: { ...none, low: 1 },
      newer: null,
    });
    expect(await findings('guest')).toEqual([
      ['CVE-2026-1', true],
      ['CVE-2026-2', true],
      ['CVE-2026-3', false],
    ]);
    expect(await findings('guest', '?fromBase=false')).toEqual([['CVE-2026-3', false]]);
    expect(await findings('guest', '?fromBase=true')).toHaveLength(2);
  });

  it('is told of sensitive data too, but of that in the config nobody can tell', async () => {
    const key = (seed: number) => `aws_secret_access_key = ${random.mixed(40, seed)}\n`;
    const layers = [
      { ...alpineFiles({ musl: '1.1.16-r10' }), 'root/.aws/credentials': key(1) },
      { 'srv/.aws/credentials': key(2) },
    ].map((tree) => buildLayer(tree));
    const config = { Env: [`DB_PASSWORD=Ab3${random.mixed(14, 7)}`] };
    const image = buildImage({ layers, configFields: { config } });
    await store(server.ownId, buildImage({ layers: layers.slice(0, 1) }), { repository: 'base' });
    await store(server.ownId, image, { repository: 'app' });
    const { items } = await get<{ items: SecretFinding[] }>('guest', `/images/${await idOf(image)}/secrets`);
    expect(items.map(({ path, fromBase }) => [path, fromBase]).sort()).toEqual([
      ['config:env/DB_PASSWORD', null],
      ['root/.aws/credentials', true],
      ['srv/.aws/credentials', false],
    ]);
  });

  it('is not known where none is stored: null, and neither filter claims to know', async () => {
    await store(server.ownId, appImage, { repository: 'app' });
    expect((await details()).base).toBeNull();
    expect(await findings('guest')).toEqual([
      ['CVE-2026-1', null],
      ['CVE-2026-2', null],
      ['CVE-2026-3', null],
    ]);
    expect(await findings('guest', '?fromBase=false')).toEqual([]);
  });

  it('in a namespace that the caller may not read is not there for them, by name or otherwise', async () => {
    await store(server.otherId, baseImage, { repository: 'secret-base', tag: '3.6' });
    await store(server.ownId, appImage, { repository: 'app' });
    for (const role of ['guest', 'namespaceAdmin'] as const) {
      expect((await details(role)).base).toBeNull();
      expect((await findings(role)).map(([, fromBase]) => fromBase)).toEqual([null, null, null]);
    }
    expect((await details('systemAdmin')).base).toMatchObject({
      namespace: 'other',
      repository: 'secret-base',
    });
  });

  it('is never what the pusher claims: annotations are shown as a claim', async () => {
    const claims = {
      'org.opencontainers.image.base.name': 'docker.io/library/alpine:3.6',
      'org.opencontainers.image.base.digest': baseImage.digest,
    };
    const claiming = buildImage({ layers: [own], manifestFields: { annotations: claims } });
    await store(server.ownId, baseImage, { repository: 'alpine', tag: '3.6' });
    await store(server.ownId, claiming, { repository: 'claiming' });
    await store(server.ownId, appImage, { repository: 'app' });
    expect(await get<ImageDetails>('guest', `/images/${await idOf(claiming)}`)).toMatchObject({
      base: null,
      claimedBase: { name: 'docker.io/library/alpine:3.6', digest: baseImage.digest },
    });
    expect((await details()).claimedBase).toBeNull();
  });
});

describe('advice on a newer base', () => {
  const newerOf = async (role: ApiRole = 'guest') => (await details(role)).base?.newer;

  async function storeBaseThenApp(tag = '3.6'): Promise<void> {
    await store(server.ownId, baseImage, { repository: 'alpine', tag });
    await store(server.ownId, appImage, { repository: 'app' });
  }

  it('names the image that the tag was moved to, with what it clears and adds', async () => {
    await storeBaseThenApp();
    await storeSmallFeed(server.database.db, [
      { cve: 'CVE-2026-4', name: 'expat', fixed: '2.2.2-r0', severity: 'high' },
    ]);
    const bringing = buildImage({
      layers: [alpineFiles({ musl: '1.1.16-r11', zlib: '1.2.8-r0', expat: '2.2.0-r0' })],
      createdAt: '2020-02-01T00:00:00Z',
    });
    await store(server.ownId, bringing, { repository: 'alpine', tag: '3.6' });
    expect(await newerOf()).toEqual({
      imageId: expect.any(Number),
      tag: '3.6',
      digest: bringing.digest,
      clears: 1,
      clearsHighOrWorse: 1,
      adds: 1,
    });
  });

  it('names a later step of the line, and finds the platform in an index', async () => {
    await storeBaseThenApp('3.6.1');
    const arm = buildImage({
      layers: [alpineFiles({ musl: '1.1.16-r12', zlib: '1.2.11-r1' })],
      architecture: 'arm64',
      createdAt: '2020-02-01T00:00:00Z',
    });
    await harness.pushIndex(server.ownId, buildIndex([newerImage, arm]), {
      repository: 'alpine',
      tag: '3.6.2',
    });
    for (const { digest } of [arm, newerImage]) await harness.scan(digest);
    expect(await newerOf()).toMatchObject({ tag: '3.6.2', digest: newerImage.digest, clears: 1, adds: 0 });
  });

  it.each<[string, { readonly tag: string; readonly baseTag?: string; readonly image: BuiltImage }]>([
    ['one of another release line by its tag', { tag: '3.7', image: newerImage }],
    ['one of a tag that tells no line', { tag: 'latest', baseTag: 'latest', image: newerImage }],
    [
      'one of another release of the distribution under the same tag',
      {
        tag: '3.6',
        image: imageOf({
          ...alpineFiles({ musl: '1.1.18-r0' }),
          'etc/os-release': 'ID=alpine\nVERSION_ID=3.7.0\nPRETTY_NAME="Alpine Linux v3.7"\n',
        }),
      },
    ],
    [
      'one with the same layers',
      { tag: '3.6', image: buildImage({ layers: [system], createdAt: '2020-02-01T00:00:00Z' }) },
    ],
    [
      'one with an older package',
      { tag: '3.6', image: imageOf(alpineFiles({ musl: '1.1.16-r11', zlib: '1.2.7-r0' })) },
    ],
    [
      'one that was built before',
      { tag: '3.6', image: buildImage({ layers: [fixedSystem], createdAt: '2019-01-01T00:00:00Z' }) },
    ],
    [
      'one for another platform',
      { tag: '3.6', image: buildImage({ layers: [fixedSystem], architecture: 'arm64' }) },
    ],
    [
      'one that clears nothing',
      { tag: '3.6', image: imageOf(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.8-r1' })) },
    ],
  ])('never names %s', async (_what, { tag, baseTag, image }) => {
    await storeBaseThenApp(baseTag);
    await store(server.ownId, image, { repository: 'alpine', tag });
    expect(await newerOf()).toBeNull();
  });

  it('never names an older image that the tag was moved back to', async () => {
    const older = buildImage({ layers: [fixedSystem] });
    await store(server.ownId, older, { repository: 'alpine', tag: '3.6' });
    await storeBaseThenApp();
    await harness.push(server.ownId, older, { repository: 'alpine', tag: '3.6' });
    expect(await newerOf()).toBeNull();
  });

  it('never names one that is not scanned', async () => {
    await storeBaseThenApp();
    await harness.push(server.ownId, newerImage, { repository: 'alpine', tag: '3.6' });
    expect(await newerOf()).toBeNull();
    await harness.scan(newerImage.digest);
    expect(await newerOf()).toMatchObject({ digest: newerImage.digest });
  });
});

function imageOf(tree: ImageOptions['layers'][number]): BuiltImage {
  return buildImage({ layers: [tree], createdAt: '2020-02-01T00:00:00Z' });
}
