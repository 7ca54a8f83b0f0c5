import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import { basic, descriptorOf, RegistryClient, testImage, testManifest } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

const exampleType = 'application/vnd.example.manifest.v1+json';
const artifactType = 'application/vnd.oci.artifact.manifest.v1+json';

let registry: RegistryUnderTest;
let owner: RegistryClient;
const kinds: string[] = [];

beforeAll(async () => {
  registry = await startRegistry({
    pushObserver: {
      manifestStored: async (_transaction, stored) => {
        kinds.push(stored.kind);
      },
    },
  });
  await registry.addNamespace('ns', { members: { owner: 'admin' } });
  owner = new RegistryClient(registry.url, basic('owner'));
});
afterAll(() => registry.close());

const document = Buffer.from('{"critical":{}}');
const archive = Buffer.from([0x1f, 0x8b, 8, 0]);
const [blob, data] = [
  descriptorOf(document, 'application/vnd.in-toto+json'),
  descriptorOf(archive, 'application/vnd.example.data'),
];

async function pushed(
  name: string,
  body: Buffer | string,
  contentType: string,
  blobs: readonly Buffer[] = [],
) {
  for (const bytes of blobs) expect((await owner.pushBlob(name, bytes)).status).toBe(201);
  return await owner.send(`/v2/${name}/manifests/v1`, {
    method: 'PUT',
    headers: { 'content-type': contentType },
    body,
  });
}

const rowsOf = async (digest: string, table: 'manifest_blob' | 'manifest_child') => {
  const column = table === 'manifest_blob' ? 'manifest_digest' : 'parent_digest';
  const text = `select * from ${table} where ${column} = $1 order by position`;
  return (await registry.database.pool.query(text, [digest])).rows;
};

describe('a manifest of another type', () => {
  it.each([
    ['without anything known', `{"hello": ["world", 1.5e3, null]}\n`, exampleType],
    ['with fields of its own under known names', '{"config":{"a":1},"layers":5,"subject":"x"}', exampleType],
    ['in other letters', '{"mediaType":"application/vnd.Example+json"}', 'application/vnd.Example+json'],
    ['with parameters', '{"a":1}', `${exampleType}; charset=utf-8`],
  ])('is kept to the byte: %s', async (_, body, contentType) => {
    expect((await pushed('ns/kept', body, contentType)).status).toBe(201);
    expect(kinds.at(-1)).toBe('artifact');
    for (const reference of ['v1', digestOf(Buffer.from(body)), digestOf(Buffer.from(body), 'sha512')]) {
      const got = await owner.send(`/v2/ns/kept/manifests/${reference}`);
      expect([got.status, got.bytes.toString()]).toEqual([200, body]);
      expect(got.headers.get('content-type')).toBe(contentType.split(';')[0]);
      expect(got.headers.get('x-content-type-options')).toBe('nosniff');
      expect(got.headers.get('content-security-policy')).toBe('sandbox');
    }
  });

  it('keeps what it names, and lists itself as a referrer: the OCI artifact manifest', async () => {
    const subject = testImage('subject of an artifact');
    await owner.pushImage('ns/artifact', 'subject', subject);
    const manifest = testManifest({
      mediaType: artifactType,
      artifactType: 'application/vnd.example.sbom',
      blobs: [blob, data],
      subject: descriptorOf(subject.bytes, subject.mediaType),
      annotations: { about: 'it' },
    });
    const answer = await pushed('ns/artifact', manifest.bytes, artifactType, [document, archive]);
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    expect(
      (await rowsOf(manifest.digest, 'manifest_blob')).map((row) => [row.position, row.blob_digest]),
    ).toEqual([
      [1, blob.digest],
      [2, data.digest],
    ]);
    const list = await owner.send(`/v2/ns/artifact/referrers/${subject.digest}`);
    expect(JSON.parse(list.bytes.toString()).manifests).toEqual([
      {
        digest: manifest.digest,
        mediaType: artifactType,
        size: manifest.bytes.length,
        artifactType: 'application/vnd.example.sbom',
        annotations: { about: 'it' },
      },
    ]);
  });

  it.each([
    ['documents alone', { blobs: [blob] }, 'artifact'],
    ['an archive as a layer', { layers: [data] }, 'image'],
    ['an archive as a blob', { blobs: [blob, data] }, 'image'],
    ['an archive as its config', { config: data }, 'image'],
    ['an archive as its config beside documents', { config: data, layers: [blob] }, 'image'],
    ["an image's config alone", { config: { ...blob, mediaType: ociConfigMediaType } }, 'image'],
    ['a layer of an image', { layers: [{ ...blob, mediaType: ociGzipLayerMediaType }] }, 'image'],
  ])('is what its content makes it: %s (threats.md P12, P13)', async (_, fields, kind) => {
    const manifest = testManifest({ mediaType: exampleType, ...fields });
    expect((await pushed('ns/kinds', manifest.bytes, exampleType, [document, archive])).status).toBe(201);
    expect(kinds.at(-1)).toBe(kind);
  });

  it('that lists manifests is an index of them, by either digest', async () => {
    const child = testImage('child of another type');
    await owner.pushImage('ns/lists', 'child', child);
    const entry = descriptorOf(child.bytes, child.mediaType);
    const manifests = [entry, { ...entry, digest: digestOf(child.bytes, 'sha512') }];
    const manifest = testManifest({ mediaType: exampleType, manifests });
    expect((await pushed('ns/lists', manifest.bytes, exampleType)).status).toBe(201);
    expect(kinds.at(-1)).toBe('index');
    const children = await rowsOf(manifest.digest, 'manifest_child');
    expect(children.map((row) => row.child_digest)).toEqual([child.digest, child.digest]);
  });

  it.each([
    ['absent blobs', { blobs: [descriptorOf(Buffer.from('absent'), 'a/b')] }, 404, 'MANIFEST_BLOB_UNKNOWN'],
    [
      'absent manifests',
      { manifests: [descriptorOf(Buffer.from('absent'), 'a/b')] },
      404,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    ['a wrong size', { blobs: [{ ...blob, size: 1 }] }, 400, 'MANIFEST_INVALID'],
    ['a digest that is none', { config: { ...blob, digest: 'sha256:x' } }, 400, 'MANIFEST_INVALID'],
    ['a size that is none', { layers: [{ ...blob, size: -1 }] }, 400, 'MANIFEST_INVALID'],
    ['data of other bytes', { layers: [{ ...blob, data: 'AAAA' }] }, 400, 'MANIFEST_INVALID'],
    ['manifests beside layers', { manifests: [blob], layers: [blob] }, 400, 'MANIFEST_INVALID'],
    ['manifests beside a config', { manifests: [blob], config: blob }, 400, 'MANIFEST_INVALID'],
    ['the layers of schema 1', { fsLayers: [{ blobSum: blob.digest }] }, 400, 'MANIFEST_INVALID'],
    ['Layers', { Layers: [data] }, 400, 'MANIFEST_INVALID'],
    ['layer\u017f', { 'layer\u017f': [data] }, 400, 'MANIFEST_INVALID'],
    ['another mediaType', { mediaType: 'application/vnd.other+json' }, 400, 'MANIFEST_INVALID'],
  ])('is refused with %s (threats.md C3, C4, C5)', async (_, fields, status, code) => {
    const manifest = testManifest({ mediaType: exampleType, ...fields });
    const answer = await pushed('ns/refused', manifest.bytes, exampleType, [document, archive]);
    expect([answer.status, answer.codes]).toEqual([status, [code]]);
  });

  it.each([
    ['a key twice', '{"a":1,"a":2}'],
    ['layers twice', '{"layers":[],"\\u006cayers":[]}'],
    ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
    ['bytes behind it', '{}x'],
    ['no object', '["a"]'],
    ['no JSON', '\x7fELF'],
    ['nothing', ''],
  ])('is refused with %s (threats.md C4, C6)', async (_, body) => {
    const answer = await pushed('ns/refused', body, exampleType);
    expect([answer.status, answer.codes]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it.each([
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'application/json',
    'application/octet-stream',
    'text/html',
    'image/svg+xml',
  ])('is none when its type is %s', async (contentType) => {
    const answer = await pushed('ns/refused', '{"name":"x"}', contentType);
    expect([answer.status, answer.codes]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it('is refused in the form of all refusals when its Content-Type is none', async () => {
    const answer = await pushed('ns/refused', '{}', 'manifest');
    expect([answer.status, answer.codes]).toEqual([400, ['UNSUPPORTED']]);
  });

  it('keeps its type for ever (threats.md C3)', async () => {
    const { mediaType: _, ...untyped } = JSON.parse(testImage('type').bytes.toString());
    const bytes = Buffer.from(JSON.stringify(untyped));
    const { blobs } = testImage('type');
    expect((await pushed('ns/typed', bytes, ociManifestMediaType, blobs)).status).toBe(201);
    expect((await pushed('ns/typed', bytes, exampleType)).codes).toEqual(['MANIFEST_INVALID']);
  });
});
