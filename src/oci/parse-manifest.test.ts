import { describe, expect, it } from 'vitest';
import { descriptorCountMax } from './_read-descriptor.ts';
import {
  dockerIndexMediaType,
  dockerManifestMediaType,
  ociIndexMediaType,
  ociManifestMediaType,
} from './media-types.ts';
import { manifestSizeBytesMax, parseManifest } from './parse-manifest.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 7 };
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const image = { schemaVersion: 2, config, layers: [descriptor] };
const index = { schemaVersion: 2, manifests: [{ ...descriptor, mediaType: ociManifestMediaType }] };

function parse(body: unknown, contentType?: string) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseManifest(Buffer.from(text), contentType);
}

describe('parseManifest() and kinds of manifest (threats.md C3, CVE-2021-41190)', () => {
  const imageTypes = [ociManifestMediaType, dockerManifestMediaType];
  const indexTypes = [ociIndexMediaType, dockerIndexMediaType];
  const rows = [
    ...imageTypes.flatMap((type) => [
      { name: 'image', body: { ...image, mediaType: type }, type, kind: 'ok' },
      { name: 'image without mediaType', body: image, type, kind: 'ok' },
      {
        name: 'image with parameters',
        body: { ...image, mediaType: type },
        type: `${type}; charset=utf-8`,
        kind: 'ok',
      },
      { name: 'index fields', body: index, type, kind: 'invalid' },
      { name: 'both', body: { ...image, manifests: [] }, type, kind: 'invalid' },
      { name: 'both, null', body: { ...image, manifests: null }, type, kind: 'invalid' },
      { name: 'other mediaType', body: { ...image, mediaType: ociIndexMediaType }, type, kind: 'invalid' },
    ]),
    ...indexTypes.flatMap((type) => [
      { name: 'index', body: { ...index, mediaType: type }, type, kind: 'ok' },
      { name: 'index without mediaType', body: index, type, kind: 'ok' },
      { name: 'image fields', body: image, type, kind: 'invalid' },
      { name: 'with layers', body: { ...index, layers: [] }, type, kind: 'invalid' },
      { name: 'with config', body: { ...index, config }, type, kind: 'invalid' },
      {
        name: 'other mediaType',
        body: { ...index, mediaType: dockerManifestMediaType },
        type,
        kind: 'invalid',
      },
    ]),
    { name: 'no type at all, image', body: image, type: undefined, kind: 'ok' },
    { name: 'no type at all, index', body: index, type: undefined, kind: 'ok' },
    { name: 'no type at all, both', body: { ...image, ...index }, type: undefined, kind: 'invalid' },
    { name: 'JSON as type', body: image, type: 'application/json', kind: 'invalid' },
    { name: 'schema 1', body: { schemaVersion: 1, fsLayers: [] }, type: undefined, kind: 'invalid' },
    { name: 'fsLayers beside layers', body: { ...image, fsLayers: [] }, type: undefined, kind: 'invalid' },
  ];
  it.each(rows)('$kind: $name as $type', ({ body, type, kind }) => {
    expect(parse(body, type)).toMatchObject({ kind });
  });

  it('parseManifest() keeps platform, annotations, subject and artifact type', () => {
    const parsed = parse({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      artifactType: 'application/x',
      subject: descriptor,
      annotations: { Config: 'kept as written', __proto__: 'x' },
      manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
    });
    expect(parsed).toEqual({
      kind: 'ok',
      manifest: {
        kind: 'index',
        mediaType: ociIndexMediaType,
        artifactType: 'application/x',
        subject: descriptor,
        annotations: { Config: 'kept as written' },
        manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
      },
    });
  });
});

describe('parseManifest() and keys that Go reads otherwise (threats.md C4)', () => {
  const layers = JSON.stringify([descriptor]);
  const start = `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":${layers}`;
  const refused = [
    ...[
      'Layers',
      'LAYERS',
      'layerſ',
      'layer\\u017f',
      '\\u006cayerS',
      'Manifests',
      'manifestſ',
      'MANIFESTS',
    ].map((key) => `${start},"${key}":${layers}}`),
    ...['layers', '\\u006cayers', 'l\\u0061yers'].map((key) => `${start},"${key}":${layers}}`),
    `${start},"config":${JSON.stringify(config)}}`,
    `${start},"Config":${JSON.stringify(config)}}`,
    `${start},"Subject":null}`,
    `${start},"ſubject":null}`,
    `${start},"MediaType":"x"}`,
    `${start},"SchemaVersion":2}`,
    `${start},"annotationſ":{}}`,
    `${start},"x":1,"x":2}`,
    `${start},"x":{"y":1,"y":1}}`,
    `${start},"annotations":{"a":"1","a":"2"}}`,
    `{"schemaVersion":2,"config":{"mediaType":"x","digest":"${digest}","size":1,"Digest":"${digest}"},"layers":[]}`,
    `{"schemaVersion":2,"config":{"mediaType":"x","digest":"${digest}","size":1,"ſize":2},"layers":[]}`,
    `{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"${digest}","size":1,"platform":{"OS":"linux"}}]}`,
    `\ufeff${start}}`,
    `${start}} {}`,
    `${start}}\0`,
    `${start},}`,
    `${start},"x":'y'}`,
    `${start},"x":"\t"}`,
    `${start},"x":"\\ud800"}`,
    `${start}`,
    '',
    'null',
    '[]',
  ];
  it.each(refused)('parseManifest() refuses %s', (text) => {
    expect(parse(text)).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() refuses bytes that are not UTF-8', () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const body = Buffer.concat([Buffer.from(`${start},"x":"`), Buffer.from(bytes), Buffer.from('"}')]);
      expect(parseManifest(body, undefined)).toMatchObject({ kind: 'invalid' });
    }
  });

  const taken = [
    `${start},"custom":1}`,
    `${start},"layer":[]}`,
    `${start},"org.example.Layers":{"Layers":[],"layers":[]}}`,
    `${start},"x":1.5e3}`,
    `${start},"x":-1,"y":[true,false,null,"\\n\\u00e9"]}`,
    `${start},"annotations":{"Size":"1","size":"2"}}`,
    `${start},"ключ":"𝄞"}`,
    `${start},"__proto__":{"layers":[]}}`,
    ` \n\t${start} , "x" : { } } \r\n`,
    `${start},"":""}`,
  ];
  it.each(taken)('parseManifest() takes %s', (text) => {
    expect(parse(text)).toMatchObject({ kind: 'ok' });
  });
});

describe('parseManifest() and numbers (threats.md C5)', () => {
  const sizes = [
    '-1',
    '-0',
    '1e3',
    '1.0',
    '"12"',
    'null',
    '9007199254740992',
    '9007199254740993',
    '1E0',
    '01',
    '+1',
    'NaN',
  ];
  it.each(sizes)('parseManifest() refuses a size of %s', (size) => {
    expect(
      parse(`{"schemaVersion":2,"config":{"mediaType":"x","digest":"${digest}","size":${size}},"layers":[]}`),
    ).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() refuses a descriptor without size', () => {
    expect(parse({ ...image, config: { mediaType: 'x', digest } })).toMatchObject({ kind: 'invalid' });
  });

  it.each(['0', '9007199254740991'])('parseManifest() takes a size of %s', (size) => {
    expect(
      parse(`{"schemaVersion":2,"config":{"mediaType":"x","digest":"${digest}","size":${size}},"layers":[]}`),
    ).toMatchObject({ kind: 'ok', manifest: { config: { size: Number(size) } } });
  });
});

describe('parseManifest() and limits (threats.md C6)', () => {
  it('parseManifest() takes the largest manifest and refuses one byte more', () => {
    const body = JSON.stringify({ ...image, annotations: { pad: '' } });
    const pad = (bytes: number) => body.replace('"pad":""', `"pad":"${'x'.repeat(bytes - body.length)}"`);
    expect(parse(pad(manifestSizeBytesMax))).toMatchObject({ kind: 'ok' });
    expect(parse(pad(manifestSizeBytesMax + 1))).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() takes 100,000 members and items, and refuses more before it parses them', () => {
    // The values besides those of "x": schemaVersion, config and its three, layers, x, and what opens them.
    const wide = (items: number) => ({ ...image, layers: [], x: Array(items).fill(',[{"') });
    expect(parse(wide(99_900)).kind).toBe('ok');
    const refused = parse(wide(100_001));
    expect(refused).toMatchObject({ kind: 'invalid' });
    expect('message' in refused && refused.message).toContain('at most 100000 members and items');
    expect(parse(`${'['.repeat(200_000)}`).kind).toBe('invalid');
  });

  it('parseManifest() takes depth 32 and refuses depth 33', () => {
    const nested = (depth: number) =>
      `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(parse(nested(32))).toMatchObject({ kind: 'ok' });
    expect(parse(nested(33))).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() answers two million brackets without recursion into them', () => {
    expect(parse('['.repeat(2_000_000))).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() counts descriptors over all fields', () => {
    const layers = (count: number) => Array.from({ length: count }, () => descriptor);
    expect(parse({ ...image, layers: layers(descriptorCountMax - 1) })).toMatchObject({ kind: 'ok' });
    expect(parse({ ...image, layers: layers(descriptorCountMax) })).toMatchObject({ kind: 'invalid' });
  });
});

describe('parseManifest() and descriptors', () => {
  const digests = [
    'sha256:../../x',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha256:${'a'.repeat(64)}\\u0000`,
    `md5:${'a'.repeat(32)}`,
    `sha512:${'a'.repeat(64)}`,
    '',
  ];
  it.each(digests)('parseManifest() refuses the digest "%s" (C1)', (text) => {
    expect(
      parse(`{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"${text}","size":1}]}`),
    ).toMatchObject({
      kind: 'invalid',
    });
  });

  it('parseManifest() takes data only when it is base64 of as many bytes as size says (P15)', () => {
    const withData = (data: string, size: number) =>
      parse({ ...image, layers: [{ ...descriptor, data, size }] });
    expect(withData('e30=', 2)).toMatchObject({ kind: 'ok' });
    expect(withData('e30=', 3)).toMatchObject({ kind: 'invalid' });
    expect(withData('e30', 2)).toMatchObject({ kind: 'invalid' });
    expect(withData('e3_=', 2)).toMatchObject({ kind: 'invalid' });
  });

  it('parseManifest() refuses annotations that are not text', () => {
    expect(parse({ ...image, annotations: { a: 1 } })).toMatchObject({ kind: 'invalid' });
  });
});
