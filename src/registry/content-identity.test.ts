import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { ociManifestMediaType } from '../oci/media-types.ts';
import { basic, RegistryClient, testImage, testManifest } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';

let registry: RegistryUnderTest;
let owner: RegistryClient;
const image = testImage('identity');
const hex = digestOf(image.blobs[0] ?? Buffer.of()).slice(7);

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addNamespace('ns', { members: { owner: 'admin', dev: 'developer' } });
  await registry.addNamespace('private', { members: { owner: 'admin' } });
  owner = new RegistryClient(registry.url, basic('owner'));
  for (const name of ['ns/app', 'private/app']) {
    expect((await owner.pushImage(name, 'v1', image)).status).toBe(201);
  }
});
afterAll(() => registry.close());

/** Sends a path exactly as it is: `fetch()` would clean it. */
async function sendRaw(path: string, options: { readonly method?: string; readonly account?: string } = {}) {
  return await new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const [host, port] = registry.host.split(':');
    const { method = 'GET', account = 'dev' } = options;
    const sent = request({ host, port, path, method, headers: basic(account) }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        body += text;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

/** 60 texts that look like digests to somebody; none is one. */
const notDigests: readonly string[] = [
  ...[
    '../../../../etc/passwd',
    '..',
    '.',
    '',
    '/',
    '//',
    '%2e%2e%2f',
    '..%2f..%2f',
    '%00',
    '\\..\\..',
    '~',
    '*',
  ].map((rest) => `sha256:${rest}`),
  ...[
    hex.slice(1),
    hex.slice(0, 32),
    `${hex}a`,
    `${hex}${hex}`,
    hex.toUpperCase(),
    hex.replace(/[a-f]/, 'g'),
  ].map((rest) => `sha256:${rest}`),
  ...['%00', '%0a', '%20', '+', '.', '/..', '%2f', ';x', '?', '#', '%', '\u00e9', '%c0%ae'].map(
    (tail) => `sha256:${hex}${tail}`,
  ),
  ...['%20', '+', '%00', '.', '/'].map((head) => `${head}sha256:${hex}`),
  ...[
    'SHA256',
    'Sha256',
    'sha-256',
    'sha256+b64',
    'sha3-256',
    'sha384',
    'sha1',
    'md5',
    'blake3',
    'tarsum',
    '',
  ].map((algorithm) => `${algorithm}:${hex}`),
  `sha512:${hex}`,
  `sha512:${hex}${hex}a`,
  `sha512:${hex}${hex.toUpperCase()}`,
  `sha256:sha256:${hex}`,
  `sha256::${hex}`,
  `sha256=${hex}`,
  `sha256-${hex}:`,
  `sha256%253A${hex}:`,
  `sha256:${'\uff41'.repeat(64)}`,
  `sha256:0x${hex.slice(2)}`,
  `sha256:${hex.slice(0, 63)}_`,
  ':',
  '::',
];

describe('what is no digest (threats.md C1)', () => {
  it('is 60 texts', () => expect(new Set(notDigests).size).toBe(60));

  it.each(notDigests)('is refused wherever one is asked for: %j', async (text) => {
    const part = encodeURIComponent(text).replaceAll('%25', '%');
    const asked: (readonly [string, string])[] = ['GET', 'HEAD', 'PUT', 'DELETE'].flatMap((method) =>
      ['manifests', 'blobs'].map((kind) => [method, `/v2/ns/app/${kind}/${part}`] as const),
    );
    asked.push(['GET', `/v2/ns/app/referrers/${part}`]);
    for (const query of ['mount', 'digest']) {
      asked.push(['POST', `/v2/ns/app/blobs/uploads/?${query}=${part}&from=private/app`]);
    }
    for (const [method, path] of asked) {
      const { status } = await sendRaw(path, { method, account: 'owner' });
      expect([method, path, [400, 404, 405].includes(status) ? 'refused' : status]).toEqual([
        method,
        path,
        'refused',
      ]);
    }
    for (const field of ['subject', 'config']) {
      const document = {
        ...JSON.parse(image.bytes.toString()),
        [field]: { mediaType: 'a/b', digest: text, size: 2 },
      };
      expect((await owner.pushManifest('ns/app', 'bad', testManifest(document))).status).toBe(400);
    }
  });
});

/** 200 spellings of paths to what the account may not see, and beyond the API. */
function trickyPaths(): readonly string[] {
  const dots = [
    '..',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '%252e%252e',
    '..;',
    '..%00',
    '%c0%ae%c0%ae',
    '\\..',
    '%5c..',
  ];
  const slashes = ['/', '//', '%2f', '%2F', '\\', '%5c', '/./', '/;/', '%252f', '%c0%af'];
  const climbs = dots.flatMap((dot) =>
    slashes.map((slash) => `/v2/ns/app/${dot}${slash}${dot}${slash}private/app/manifests/v1`),
  );
  const joins = dots.flatMap((dot) =>
    slashes.map((slash) => `/v2/ns${slash}${dot}${slash}private${slash}app/tags/list`),
  );
  return [...climbs, ...joins];
}

describe('a path', () => {
  it('is read once, by everybody alike: 200 spellings reach nothing that they should not (threats.md C2)', async () => {
    const paths = trickyPaths();
    expect(new Set(paths).size).toBe(200);
    expect((await sendRaw('/v2/private/app/manifests/v1')).status).toBe(404);
    for (const path of paths) {
      const { status, body } = await sendRaw(path);
      expect([path, [400, 404].includes(status) ? 'refused' : status]).toEqual([path, 'refused']);
      expect(body).not.toContain(ociManifestMediaType);
    }
  });

  it('names tags of 128 characters, and none of 129 (threats.md §1.9)', async () => {
    for (const [length, status] of [
      [128, 201],
      [129, 400],
    ] as const) {
      const tag = 't'.repeat(length);
      expect((await owner.pushManifest('ns/app', tag, image)).status).toBe(status);
      expect((await owner.pushManifest('ns/app', image.digest, image, `?tag=${tag}`)).status).toBe(status);
      expect((await owner.send(`/v2/ns/app/manifests/${tag}`)).status).toBe(status === 201 ? 200 : 404);
    }
  });

  it('names repositories of 255 characters, and none of 256 (threats.md §1.9)', async () => {
    const name = `ns/${'r'.repeat(252)}`;
    expect((await owner.pushImage(name, 't'.repeat(128), image)).status).toBe(201);
    expect((await owner.send(`/v2/${name}/manifests/${'t'.repeat(128)}`)).status).toBe(200);
    const longer = await owner.send(`/v2/${name}r/blobs/uploads/`, { method: 'POST' });
    expect([longer.status, longer.codes]).toEqual([400, ['NAME_INVALID']]);
  });
});

/** Sends bytes as a blob under a `?digest=` text in one of the ways that there are. */
const pushStyles: readonly (readonly [
  string,
  (bytes: Buffer, query: string) => Promise<{ readonly status: number }>,
])[] = [
  [
    'one POST',
    async (body, query) =>
      await owner.send(`/v2/ns/app/blobs/uploads/?${query || 'digest='}`, { method: 'POST', body }),
  ],
  [
    'POST and PUT',
    async (body, query) => await owner.send(`${await open()}?${query}`, { method: 'PUT', body }),
  ],
  [
    'PATCH and PUT',
    async (body, query) => {
      const location = await open();
      await owner.send(location, { method: 'PATCH', body, headers: rangeOf(0, body) });
      return await owner.send(`${location}?${query}`, { method: 'PUT' });
    },
  ],
  [
    'PATCH and PUT with the last chunk',
    async (body, query) => {
      const location = await open();
      const [first, last] = [body.subarray(0, 40), body.subarray(40)];
      await owner.send(location, { method: 'PATCH', body: first, headers: rangeOf(0, first) });
      return await owner.send(`${location}?${query}`, {
        method: 'PUT',
        body: last,
        headers: rangeOf(40, last),
      });
    },
  ],
  [
    'a streamed PATCH and PUT',
    async (body, query) => {
      const location = await open();
      await owner.send(location, { method: 'PATCH', body });
      return await owner.send(`${location}?${query}`, { method: 'PUT' });
    },
  ],
];

async function open(): Promise<string> {
  const answer = await owner.send('/v2/ns/app/blobs/uploads/', { method: 'POST' });
  return answer.headers.get('location') ?? '';
}

function rangeOf(start: number, bytes: Buffer) {
  return { 'content-range': `${start}-${start + bytes.length - 1}` };
}

describe('a blob', () => {
  const faults: readonly (readonly [string, (bytes: Buffer) => string])[] = [
    ['no digest', () => ''],
    ['an empty digest', () => 'digest='],
    ['a wrong digest', () => `digest=${digestOf(Buffer.from('other'))}`],
    ['the sha512 of other bytes', () => `digest=${digestOf(Buffer.from('other'), 'sha512')}`],
    ['an upper-case digest', (bytes) => `digest=sha256:${digestOf(bytes).slice(7).toUpperCase()}`],
  ];
  it.each(
    pushStyles.flatMap(([style, push]) => faults.map(([fault, query]) => ({ style, push, fault, query }))),
  )('pushed by $style with $fault is refused and not there (threats.md C11)', async ({ push, query }) => {
    const bytes = randomBytes(100);
    expect((await push(bytes, query(bytes))).status).toBe(400);
    for (const algorithm of ['sha256', 'sha512'] as const) {
      expect((await owner.send(`/v2/ns/app/blobs/${digestOf(bytes, algorithm)}`)).status).toBe(404);
    }
  });

  it.each(
    pushStyles.flatMap(([style, push]) => (['sha256', 'sha512'] as const).map((by) => ({ style, push, by }))),
  )('pushed by $style under its $by has both digests (threats.md C12)', async ({ push, by }) => {
    const bytes = randomBytes(100);
    expect((await push(bytes, `digest=${digestOf(bytes, by)}`)).status).toBe(201);
    const paths = (['sha256', 'sha512'] as const).map((one) => `/v2/ns/app/blobs/${digestOf(bytes, one)}`);
    for (const path of paths) {
      const got = await owner.send(path);
      expect([got.status, got.headers.get('docker-content-digest')]).toEqual([200, path.split('/').at(-1)]);
      expect(got.bytes).toEqual(bytes);
      const part = await owner.send(path, { headers: { range: 'bytes=10-19' } });
      expect([part.status, part.bytes]).toEqual([206, bytes.subarray(10, 20)]);
      expect((await owner.send(path, { method: 'HEAD' })).headers.get('content-length')).toBe('100');
      const mount = `mount=${path.split('/').at(-1)}`;
      for (const from of ['&from=ns/app', '']) {
        const mounted = await owner.send(`/v2/ns/other/blobs/uploads/?${mount}${from}`, { method: 'POST' });
        expect([mounted.status, mounted.headers.get('location')]).toEqual([
          201,
          path.replace('app', 'other'),
        ]);
      }
    }
    const [deleted, gone] = by === 'sha256' ? paths : [...paths].reverse();
    expect((await owner.send(deleted ?? '', { method: 'DELETE' })).status).toBe(202);
    for (const path of [deleted ?? '', gone ?? '']) {
      expect((await owner.send(path)).status).toBe(404);
      expect((await owner.send(path, { method: 'DELETE' })).status).toBe(404);
      expect((await owner.send(path.replace('app', 'other'))).status).toBe(200);
    }
  });

  it('is uploaded for an algorithm that is known, and for no other', async () => {
    for (const [algorithm, status] of [
      ['sha256', 202],
      ['sha512', 202],
      ['md5', 400],
      ['', 400],
    ] as const) {
      const answer = await owner.send(`/v2/ns/app/blobs/uploads/?digest-algorithm=${algorithm}`, {
        method: 'POST',
      });
      expect([algorithm, answer.status]).toEqual([algorithm, status]);
    }
  });
});
