import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/bytes/digest.ts';
import { ociIndexMediaType, ociManifestMediaType } from '../../src/oci/media-types.ts';
import {
  type Answer,
  descriptorOf,
  RegistryClient,
  testImage,
  testManifest,
} from '../../src/testing/registry-client.ts';
import {
  expectHeadRefused,
  expectRefused,
  type SpecificationCode,
  specificationCodes,
} from './expect-answer.ts';
import { openUpload } from './push-styles.ts';
import { crowdedNamespace, openUploadsMax, type Repository, readChallenge, type Target } from './target.ts';

type Refused = readonly [
  what: string,
  status: number,
  code: SpecificationCode,
  ask: (repository: Repository, target: Target) => Promise<Answer>,
];

const unknown = digestOf(Buffer.from('unknown'));
const image = testImage('of the refused cases');

function put(reference: string, bytes: Buffer | string, contentType = ociManifestMediaType): Refused[3] {
  return async ({ client, path }) =>
    await client.send(path(`manifests/${reference}`), {
      method: 'PUT',
      headers: { 'content-type': contentType },
      body: bytes,
    });
}

const ask =
  (method: string, rest: string): Refused[3] =>
  async ({ client, path }) =>
    await client.send(path(rest), { method });

/** A path outside the repository, which no right to it would reach. */
const at =
  (method: string, path: string): Refused[3] =>
  async ({ client }) =>
    await client.send(path, { method });

/** Of a name that cannot be, of one that was never pushed to. */
const names: readonly Refused[] = [
  ['a name in capitals', 400, 'NAME_INVALID', at('GET', '/v2/clients/Capitals/tags/list')],
  ['a name with a bad separator', 400, 'NAME_INVALID', at('GET', '/v2/clients/a..b/manifests/latest')],
  ['a name that is too long', 400, 'NAME_INVALID', at('GET', `/v2/clients/${'a'.repeat(250)}/tags/list`)],
  ['an upload to a name in capitals', 400, 'NAME_INVALID', at('POST', '/v2/clients/Capitals/blobs/uploads/')],
  ['the tags of a repository that is not there', 404, 'NAME_UNKNOWN', nowhere('GET', 'tags/list')],
  ['a manifest of a repository that is not there', 404, 'NAME_UNKNOWN', nowhere('GET', 'manifests/one')],
  ['a deletion where no repository is', 404, 'NAME_UNKNOWN', nowhere('DELETE', `manifests/${unknown}`)],
  ['a blob of a repository that is not there', 404, 'NAME_UNKNOWN', nowhere('GET', `blobs/${unknown}`)],
];

function nowhere(method: string, rest: string): Refused[3] {
  return async (_, target) => {
    const { client, path } = await target.repository('never-pushed-to');
    return await client.send(path(rest), { method });
  };
}

const blobs: readonly Refused[] = [
  ['a blob that is not there', 404, 'BLOB_UNKNOWN', ask('GET', `blobs/${unknown}`)],
  ['a blob by a bad digest', 400, 'DIGEST_INVALID', ask('GET', 'blobs/sha256:baddigeststring')],
  ['a blob by an unknown algorithm', 400, 'DIGEST_INVALID', ask('GET', `blobs/md5:${'0'.repeat(32)}`)],
  ['the deletion of a blob by a bad digest', 400, 'DIGEST_INVALID', ask('DELETE', 'blobs/sha256:0')],
  ['an upload under an unknown algorithm', 400, 'DIGEST_INVALID', ask('POST', 'blobs/uploads/?digest=md5:0')],
  [
    'an upload for an unknown algorithm',
    400,
    'DIGEST_INVALID',
    ask('POST', 'blobs/uploads/?digest-algorithm=md5'),
  ],
  ['a mount by a bad digest', 400, 'DIGEST_INVALID', ask('POST', 'blobs/uploads/?mount=sha256:0')],
  [
    'an upload that is not open',
    404,
    'BLOB_UPLOAD_UNKNOWN',
    ask('GET', `blobs/uploads/${crypto.randomUUID()}`),
  ],
  ['an upload by what names none', 404, 'BLOB_UPLOAD_UNKNOWN', ask('PATCH', 'blobs/uploads/none')],
  ['an upload that ends without a digest', 400, 'DIGEST_INVALID', upload('PUT')],
  ['a chunk that begins elsewhere', 416, 'BLOB_UPLOAD_INVALID', upload('PATCH', '5-7')],
  ['a chunk that is shorter than it says', 400, 'SIZE_INVALID', upload('PATCH', '0-9')],
];

/** Sends three bytes to an upload of its own, and gives it up. */
function upload(method: string, range?: string): Refused[3] {
  return async (repository) => {
    const session = await openUpload(repository);
    const answer = await repository.client.send(session, {
      method,
      headers: range === undefined ? {} : { 'content-range': range },
      body: 'abc',
    });
    await repository.client.send(session, { method: 'DELETE' });
    return answer;
  };
}

const absentBlob = descriptorOf(Buffer.from('absent'), 'application/octet-stream');
const absentChild = { ...absentBlob, mediaType: ociManifestMediaType };
const withAbsent = testImage('absent layer', { layers: [absentBlob] });
const sparse = testManifest({ schemaVersion: 2, mediaType: ociIndexMediaType, manifests: [absentChild] });

const manifests: readonly Refused[] = [
  ['a tag that is not there', 404, 'MANIFEST_UNKNOWN', ask('GET', 'manifests/absent')],
  ['a manifest that is not there', 404, 'MANIFEST_UNKNOWN', ask('GET', `manifests/${unknown}`)],
  ['a tag that cannot be', 404, 'MANIFEST_UNKNOWN', ask('GET', `manifests/${'x'.repeat(129)}`)],
  ['a push to a tag that cannot be', 400, 'MANIFEST_INVALID', put('.bad', image.bytes)],
  ['a push by a bad digest', 400, 'DIGEST_INVALID', put('sha256:baddigeststring', image.bytes)],
  ['a push by the digest of other bytes', 400, 'DIGEST_INVALID', put(unknown, image.bytes)],
  ['a manifest that is no JSON', 400, 'MANIFEST_INVALID', put('bad', '{"schemaVersion": 2,')],
  ['a manifest that is a list', 400, 'MANIFEST_INVALID', put('bad', '[]')],
  [
    'a manifest of another type than it says',
    400,
    'MANIFEST_INVALID',
    put('bad', image.bytes, ociIndexMediaType),
  ],
  ['a manifest over 4 MiB', 413, 'SIZE_INVALID', put('bad', Buffer.alloc(4 * 1024 * 1024 + 1, ' '))],
  ['a manifest whose layer is not there', 404, 'MANIFEST_BLOB_UNKNOWN', pushWithAbsent],
  [
    'an index whose image is not there',
    404,
    'MANIFEST_BLOB_UNKNOWN',
    put('bad', sparse.bytes, ociIndexMediaType),
  ],
];

async function pushWithAbsent({ client, name }: Repository): Promise<Answer> {
  for (const blob of withAbsent.blobs) expect((await client.pushBlob(name, blob)).status).toBe(201);
  return await client.pushManifest(name, 'bad', withAbsent);
}

const rights: readonly Refused[] = [
  [
    'a request without a token',
    401,
    'UNAUTHORIZED',
    async ({ path }, { nobody }) => await nobody.send(path('tags/list')),
  ],
  ['a token that is none', 401, 'UNAUTHORIZED', withForgedToken],
  ['a push by who may only pull', 403, 'DENIED', asReader('POST', 'blobs/uploads/')],
  ['a deletion by who may only pull', 403, 'DENIED', asReader('DELETE', 'manifests/one')],
  ['a method that the path has not', 405, 'UNSUPPORTED', ask('POST', 'manifests/one')],
  ['a path that is none of the API', 404, 'UNSUPPORTED', ask('GET', 'nothing/here')],
  ['one upload more than may be open', 429, 'TOOMANYREQUESTS', openTooMany],
];

async function withForgedToken({ path }: Repository, { url }: Target): Promise<Answer> {
  return await new RegistryClient(url, { authorization: 'Bearer a.b.c' }).send(path('tags/list'));
}

function asReader(method: string, rest: string): Refused[3] {
  return async ({ name, path }, { server, signIn }) => {
    const { name: login, secret } = server.reader;
    const basic = Buffer.from(`${login}:${secret}`).toString('base64');
    const client = new RegistryClient(server.server.url, { authorization: `Basic ${basic}` });
    // A token holds no more than its account may do, so that a client is sent for another, in vain.
    const token = await signIn(server.reader, [`repository:${name}:pull,push,delete`]);
    expectRefused(await token.send(path(rest), { method }), 403, 'DENIED');
    return await client.send(path(rest), { method });
  };
}

async function openTooMany(_: Repository, { server, signIn }: Target): Promise<Answer> {
  const name = `${crowdedNamespace}/one`;
  const client = await signIn(server.admin, [`repository:${name}:pull,push`]);
  const path = `/v2/${name}/blobs/uploads/`;
  for (let opened = 0; opened < openUploadsMax; opened += 1) {
    expect((await client.send(path, { method: 'POST' })).status).toBe(202);
  }
  const refused = await client.send(path, { method: 'POST' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0); // RFC 6585 §4
  return refused;
}

/** spec.md#error-codes, #endpoints (the column of failures), #determining-support. */
export function errorCases(target: () => Target): void {
  describe('refusals', () => {
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository('refusals');
      expect((await repository.client.pushImage(repository.name, 'one', image)).status).toBe(201);
    });
    const all = [...names, ...blobs, ...manifests, ...rights];

    it.each(all)('%s: %i %s', async (_, status, code, send) => {
      expectRefused(await send(repository, target()), status, code);
    });

    it('have every code of the specification', () => {
      expect(new Set(all.map(([, , code]) => code))).toEqual(new Set(specificationCodes));
    });

    it.each([
      ['manifests/absent', 404],
      [`manifests/${unknown}`, 404],
      ['manifests/sha256:0', 400],
      [`blobs/${unknown}`, 404],
      ['blobs/sha256:0', 400],
    ])('of HEAD %s have its status and no body', async (rest, status) => {
      expectHeadRefused(await repository.client.send(repository.path(rest), { method: 'HEAD' }), status);
    });

    it('for want of a token say where to get one, and for what (RFC 6750 §3)', async () => {
      for (const [method, rest, actions] of [
        ['GET', 'manifests/one', 'pull'],
        ['HEAD', 'manifests/one', 'pull'],
        ['POST', 'blobs/uploads/', 'pull,push'],
        ['DELETE', 'manifests/one', 'pull,delete'],
      ] as const) {
        const answer = await target().nobody.send(repository.path(rest), { method });
        expect(answer.status).toBe(401);
        const challenge = readChallenge(answer.headers.get('www-authenticate') ?? '');
        expect(challenge['scope']).toBe(`repository:${repository.name}:${actions}`);
        expect(new URL(challenge['realm'] ?? '').pathname).toBe('/token');
      }
    });
  });

  it('the ping answers who is signed in, and challenges who is not (spec.md#determining-support)', async () => {
    const { client } = await target().repository('ping');
    for (const path of ['/v2/', '/v2']) {
      expect((await client.send(path)).status).toBe(200);
      const refused = await target().nobody.send(path);
      expectRefused(refused, 401, 'UNAUTHORIZED');
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+",service="[^"]+"/);
    }
  });
}
