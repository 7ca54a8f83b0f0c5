import { buffer } from 'node:stream/consumers';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBlob } from '../catalog/blobs.ts';
import { listReferrers } from '../catalog/referrers.ts';
import { parseDigest } from '../oci/digest.ts';
import type { NamespaceName, RepositoryName } from '../oci/names.ts';
import { attachDocument } from '../registry/manifests/attach-document.ts';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { nobodyWatches } from '../testing/serve-registry.ts';
import { digestOfText, type StoredImage, storeImage } from '../testing/stored-images.ts';

const config = {
  architecture: 'arm64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOfText('a'), digestOfText('b')] },
};
const packages = [
  { name: 'musl', version: '1.1.14-r10' },
  { name: 'zlib', version: '1.2.8-r2', layerIndex: 1 },
];

let server: ApiServer;
let image: StoredImage;

async function makeImage(content: string, scanned = true): Promise<StoredImage> {
  return await storeImage(server.database.db, {
    namespaceId: server.ownId,
    repository: `team/${content}`,
    tags: ['1.0'],
    content,
    ...(scanned ? { packages } : {}),
  });
}

beforeAll(async () => {
  server = await startApiServer({
    readConfig: async () => Buffer.from(JSON.stringify(config)),
  });
  image = await makeImage('app');
});
afterAll(() => server.close());

describe('GET /images/{id}/sbom', () => {
  it('answers a CycloneDX document, valid by the official schema, with every package', async () => {
    const { status, headers, body } = await server.call('guest', 'GET', `/images/${image.id}/sbom`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/vnd.cyclonedx+json; version="1.6"; charset=utf-8');
    const file = `own-team-app-${image.digest.slice(7, 19)}.cdx.json`;
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${file}"`);
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(body))).toBeNull();
    const { components } = body as { components: { type: string; purl?: string }[] }; // by its schema
    const libraries = components.filter(({ type }) => type === 'library');
    expect(libraries.map(({ purl }) => purl)).toEqual([
      'pkg:apk/alpine/musl@1.1.14-r10?distro=alpine-3.99.0',
      'pkg:apk/alpine/zlib@1.2.8-r2?distro=alpine-3.99.0',
    ]);
    for (const { purl } of libraries) expect(PackageURL.fromString(purl ?? '').type).toBe('apk');
    expect(body).toMatchObject({
      metadata: {
        component: {
          name: 'own/team/app',
          version: image.digest,
          purl: `pkg:oci/app@${image.digest}?arch=arm64&repository_url=registry.test%2Fown%2Fteam%2Fapp`,
          properties: [{}, { value: 'linux/arm64' }, { name: 'pratique:image:tag', value: '1.0' }],
        },
      },
    });
  });

  it('answers an SPDX document, and the same one every time', async () => {
    const path = `/images/${image.id}/sbom?format=spdx`;
    const first = await server.call('auditor', 'GET', path);
    expect(first.headers.get('content-type')).toBe('application/spdx+json; charset=utf-8');
    expect(first.headers.get('content-disposition')).toMatch(/\.spdx\.json"$/);
    expect(first.body).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      creationInfo: { created: '2026-01-02T00:00:00Z' },
    });
    expect((await server.call('auditor', 'GET', path)).body).toEqual(first.body);
  });

  it('refuses a format that it does not know', async () => {
    const { status, body } = await server.call('guest', 'GET', `/images/${image.id}/sbom?format=swid`);
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('format')]);
  });

  it('says of an image that was never scanned to scan it', async () => {
    const unscanned = await makeImage('unscanned', false);
    const { status, body } = await server.call('guest', 'GET', `/images/${unscanned.id}/sbom`);
    expect(status).toBe(409);
    expect(JSON.stringify(body)).toContain(`scan it with POST /api/v1/images/${unscanned.id}/scan`);
  });

  it('says of an artifact that it holds no files', async () => {
    const { db } = server.database;
    const artifact = await makeImage('artifact');
    const problem = { phase: 'read-layer', reason: 'it has no layers', remedy: 'Nothing to do' };
    await db
      .updateTable('image_report')
      .set({ outcome: 'unsupported', problem: JSON.stringify(problem) })
      .where('manifest_digest', '=', artifact.digest)
      .execute();
    const { status, body } = await server.call('guest', 'GET', `/images/${artifact.id}/sbom`);
    expect([status, JSON.stringify(body)]).toEqual([409, expect.stringContaining('it has no layers')]);
  });

  it('says of an incomplete scan that packages may be missing', async () => {
    const { db } = server.database;
    const cut = await makeImage('cut');
    const problem = { phase: 'read-layer', reason: 'layer 1: ends in the middle', remedy: 'Build it again' };
    await db
      .updateTable('image_report')
      .set({ outcome: 'incomplete', problem: JSON.stringify(problem) })
      .where('manifest_digest', '=', cut.digest)
      .execute();
    const cyclonedx = await server.call('guest', 'GET', `/images/${cut.id}/sbom?format=cyclonedx`);
    expect(cyclonedx.body).toMatchObject({ compositions: [{ aggregate: 'incomplete' }] });
    const spdx = await server.call('guest', 'GET', `/images/${cut.id}/sbom?format=spdx`);
    expect(spdx.body).toMatchObject({ comment: expect.stringContaining('layer 1: ends in the middle') });
  });

  it('names the images of an index, and what of it is not stored', async () => {
    const { db } = server.database;
    const index = await makeImage('index', false);
    const child = await makeImage('index-child');
    const missing = digestOfText('missing');
    await db.updateTable('manifest').set({ kind: 'index' }).where('digest', '=', index.digest).execute();
    await db
      .insertInto('repository_manifest')
      .values({
        repository_id: index.repositoryId,
        manifest_digest: child.digest,
        pushed_by: 'a test',
        pulled_at: null,
      })
      .execute();
    await db
      .insertInto('manifest_child')
      .values(
        [child.digest, missing].map((digest, position) => ({
          parent_digest: index.digest,
          position,
          child_digest: digest,
          media_type: 'application/vnd.oci.image.manifest.v1+json',
          platform: JSON.stringify({ os: 'linux', architecture: position === 0 ? 'amd64' : 's390x' }),
          annotations: null,
        })),
      )
      .execute();
    const { status, body } = await server.call('guest', 'GET', `/images/${index.id}/sbom`);
    expect(status).toBe(409);
    const { error } = body as { error: { message: string; details: unknown } }; // the contract of errors
    expect(error.message).toMatch(/linux\/amd64: image \d+, linux\/s390x \(not stored here\)/);
    expect(error.details).toMatchObject({
      images: [
        { imageId: expect.any(Number), digest: child.digest },
        { imageId: null, digest: missing },
      ],
    });
  });
});

describe('POST /images/{id}/sbom', () => {
  const referrersOf = async ({ repositoryId, digest }: StoredImage) =>
    await listReferrers(server.database.db, { repositoryId, subject: digest, limit: 10, sizeBytesMax: 1e6 });
  const attach = async (target: StoredImage, format: string) =>
    await server.call('developer', 'POST', `/images/${target.id}/sbom`, { format });

  it('pushes the document as a referrer, once however often it is asked', async () => {
    const { db } = server.database;
    const first = await attach(image, 'cyclonedx');
    expect([first.status, first.body]).toEqual([
      201,
      expect.objectContaining({
        artifactType: 'application/vnd.cyclonedx+json',
        subject: image.digest,
        isNew: true,
      }),
    ]);
    expect((await attach(image, 'cyclonedx')).body).toEqual({ ...(first.body as object), isNew: false });
    await attach(image, 'spdx');
    const { items } = await referrersOf(image);
    expect(items.map(({ artifactType }) => artifactType)).toEqual([
      'application/vnd.cyclonedx+json',
      'application/spdx+json',
    ]);
    const { content, kind } = await db
      .selectFrom('manifest')
      .select(['content', 'kind'])
      .where('digest', '=', items[0]?.digest ?? '')
      .executeTakeFirstOrThrow();
    expect(kind).toBe('artifact');
    const manifest = JSON.parse(content.toString()) as { layers: { digest: string }[] }; // as it was just written
    expect(manifest).toMatchObject({ subject: { digest: image.digest, size: 2 } });
    const digest = parseDigest(manifest.layers[0]?.digest ?? '');
    if (digest === undefined) throw new Error('the artifact has no layer');
    const blob = await findBlob(db, { repositoryId: image.repositoryId, digest });
    const document = JSON.parse((await buffer(await server.store.read(blob?.storageKey ?? ''))).toString());
    expect(document).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { version: image.digest } },
    });
    expect(JSON.stringify(document)).not.toContain('pratique:image:tag');
    const events = await db.selectFrom('event').selectAll().where('kind', '=', 'sbom.attached').execute();
    expect(events).toHaveLength(2);
  });

  it('lets nothing in that the quota has no room for', async () => {
    const { db } = server.database;
    const full = await makeImage('full');
    await db.updateTable('namespace').set({ quota_bytes: 1 }).where('id', '=', server.ownId).execute();
    try {
      const { status, body } = await attach(full, 'cyclonedx');
      expect([status, JSON.stringify(body)]).toEqual([
        409,
        expect.stringContaining('ask a system administrator'),
      ]);
      expect((await referrersOf(full)).items).toEqual([]);
      // What is there already needs no room.
      expect((await attach(image, 'cyclonedx')).status).toBe(201);
    } finally {
      await db.updateTable('namespace').set({ quota_bytes: null }).where('id', '=', server.ownId).execute();
    }
  });

  it('P13: refuses a document that is too large to be told from an image', async () => {
    const { db } = server.database;
    const large = await makeImage('large');
    const result = await attachDocument(
      { db, store: server.store, pushObserver: nobodyWatches },
      {
        requester: { name: 'somebody', client: '' },
        repository: {
          namespaceId: server.ownId,
          namespace: 'own' as NamespaceName, // as it is stored
          repositoryId: large.repositoryId,
          repository: 'team/large' as RepositoryName, // as it is stored
        },
        subject: large.digest,
        content: Buffer.alloc(10 * 1024 * 1024 + 1, ' '),
        mediaType: 'application/spdx+json',
        annotations: {},
        onAdded: async () => {},
      },
    );
    expect(result).toMatchObject({ kind: 'too-large', sizeBytesMax: 10 * 1024 * 1024 });
    expect((await referrersOf(large)).items).toEqual([]);
  });
});
