import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import {
  dockerIndexMediaType,
  dockerManifestMediaType,
  ociIndexMediaType,
  ociManifestMediaType,
} from '../oci/media-types.ts';
import { basic, descriptorOf, RegistryClient, testImage } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
let owner: RegistryClient;
const image = testImage('hostile');
const { config, layers } = JSON.parse(image.bytes.toString());
const manifests = [descriptorOf(image.bytes, ociManifestMediaType)];

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addNamespace('ns', { members: { owner: 'admin' } });
  owner = new RegistryClient(registry.url, basic('owner'));
  expect((await owner.pushImage('ns/app', 'v1', image)).status).toBe(201);
});
afterAll(() => registry.close());

async function put(body: string | Buffer, contentType: string | undefined) {
  return await owner.send('/v2/ns/app/manifests/v2', {
    method: 'PUT',
    headers: contentType === undefined ? {} : { 'content-type': contentType },
    body,
  });
}

const [images, indexes] = [
  [ociManifestMediaType, dockerManifestMediaType],
  [ociIndexMediaType, dockerIndexMediaType],
];
/** 4 types × what the document has × what the header says. */
const table = [...images, ...indexes].flatMap((type) => {
  const isImage = images.includes(type);
  const own = { schemaVersion: 2, mediaType: type, ...(isImage ? { config, layers } : { manifests }) };
  const other = { schemaVersion: 2, mediaType: type, ...(isImage ? { manifests } : { config, layers }) };
  const another = [...images, ...indexes].find((one) => one !== type) ?? '';
  return [
    { type, has: 'its own fields', header: 'its type', body: own, contentType: type, status: 201 },
    {
      type,
      has: 'its own fields',
      header: 'its type with parameters',
      body: own,
      contentType: `${type}; a=b`,
      status: 201,
    },
    { type, has: 'its own fields', header: 'another type', body: own, contentType: another, status: 400 },
    {
      type,
      has: 'the fields of the other kind',
      header: 'its type',
      body: other,
      contentType: type,
      status: 400,
    },
    {
      type,
      has: 'the fields of both kinds',
      header: 'its type',
      body: { ...other, ...own },
      contentType: type,
      status: 400,
    },
    {
      type,
      has: 'the fields of both kinds',
      header: 'another type',
      body: { ...other, ...own },
      contentType: another,
      status: 400,
    },
  ];
});

describe('a manifest whose type and fields disagree (threats.md C3)', () => {
  it('is one of 24', () => expect(table).toHaveLength(24));

  it.each(table)('$type with $has, sent as $header: $status', async ({ body, contentType, status }) => {
    const bytes = Buffer.from(JSON.stringify(body));
    const answer = await put(bytes, contentType);
    expect([answer.status, answer.codes]).toEqual([status, status === 201 ? [] : ['MANIFEST_INVALID']]);
    if (status !== 201) return;
    const got = await owner.send(`/v2/ns/app/manifests/${digestOf(bytes)}`);
    expect([got.headers.get('content-type'), got.bytes]).toEqual([body.mediaType, bytes]);
  });
});

/** Bodies of nearly 4 MiB, each costly to a reader that does not stop early. */
const costly: readonly (readonly [string, string])[] = [
  ['two million brackets', '['.repeat(2_000_000)],
  ['700,000 objects', '{"a":'.repeat(700_000)],
  ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
  [
    'a million keys',
    `{${Array.from({ length: 330_000 }, (_, n) => `"${n.toString(36)}":0`).join(',')},"a":1,"a":1}`,
  ],
  [
    'too many descriptors',
    JSON.stringify({ schemaVersion: 2, config, layers: Array(20_000).fill(layers[0]) }),
  ],
  ['a string of escapes', `{"schemaVersion":2,"x":"${'\\u0041'.repeat(600_000)}`],
  ['a number of two million digits', `{"schemaVersion":${'1'.repeat(2_000_000)}}`],
];

describe('a costly manifest (threats.md C6)', () => {
  it.each(costly)('of %s is refused', async (_, body) => {
    expect(body.length).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect((await put(body, ociManifestMediaType)).status).toBe(400);
  });

  // How long others wait is tested against a server of its own, e2e/.
  it('is refused also when 50 come at once, and others are answered meanwhile', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const body = costly[index % costly.length]?.[1] ?? '';
        const refused = put(body, ociManifestMediaType);
        const ping = owner.send('/v2/');
        return [(await refused).status, (await ping).status];
      }),
    );
    expect(answers).toEqual(Array(50).fill([400, 200]));
  });
});
