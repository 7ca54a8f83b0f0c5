import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import {
  ociConfigMediaType,
  ociGzipLayerMediaType,
  ociIndexMediaType,
  ociManifestMediaType,
} from '../oci/media-types.ts';
import { basic, descriptorOf, RegistryClient, testImage, testManifest } from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';
import type { PushDecision, StoredManifest, TagMove } from './guards.ts';

let registry: RegistryUnderTest;
let dev: RegistryClient;
let maintainer: RegistryClient;
let decideMove: (move: TagMove) => Promise<PushDecision> = async () => ({ kind: 'allow' });
let watch: (stored: StoredManifest) => Promise<void> = async () => {};

beforeAll(async () => {
  registry = await startRegistry({
    pushGuard: { decideTagMove: (_transaction, move) => decideMove(move) },
    pushObserver: { manifestStored: (_transaction, stored) => watch(stored) },
  });
  await registry.addNamespace('ns', { members: { dev: 'developer', maintainer: 'maintainer' } });
  dev = new RegistryClient(registry.url, basic('dev'));
  maintainer = new RegistryClient(registry.url, basic('maintainer'));
});
afterAll(() => registry.close());
beforeEach(() => {
  decideMove = async () => ({ kind: 'allow' });
  watch = async () => {};
});

const immutable = async (move: TagMove): Promise<PushDecision> =>
  move.currentDigest === undefined || move.currentDigest === move.newDigest
    ? { kind: 'allow' }
    : { kind: 'refuse', message: `the tag ${move.tag} is immutable`, detail: { rule: 1 } };

async function digestOfTag(name: string, tag: string): Promise<string | null> {
  const answer = await dev.send(`/v2/${name}/manifests/${tag}`, { method: 'HEAD' });
  return answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
}

describe('PUT manifest', () => {
  it('stores it with kind, tags and observer in one transaction', async () => {
    const seen: StoredManifest[] = [];
    watch = async (stored) => {
      seen.push(stored);
    };
    const image = testImage('observed');
    expect((await dev.pushImage('ns/observed', 'v1', image)).status).toBe(201);
    expect(seen).toMatchObject([
      { digest: image.digest, kind: 'image', tags: ['v1'], requester: { name: 'dev' } },
    ]);
    watch = async () => {
      throw new Error('the queue is full');
    };
    const other = testImage('unobserved');
    expect((await dev.pushImage('ns/observed', 'v2', other)).status).toBe(503);
    expect(await digestOfTag('ns/observed', 'v2')).toBeNull();
    expect(await digestOfTag('ns/observed', other.digest)).toBeNull();
  });

  it('refuses content that the repository does not hold', async () => {
    const image = testImage('elsewhere');
    expect((await dev.pushImage('ns/elsewhere', 'v1', image)).status).toBe(201);
    const answer = await dev.pushManifest('ns/incomplete', 'v1', image);
    expect(answer.status).toBe(404);
    expect(answer.codes).toEqual(['MANIFEST_BLOB_UNKNOWN']);
    const index = testManifest({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      manifests: [descriptorOf(image.bytes, ociManifestMediaType)],
    });
    expect((await dev.pushManifest('ns/incomplete', 'v1', index)).codes).toEqual(['MANIFEST_BLOB_UNKNOWN']);
    expect((await dev.pushManifest('ns/elsewhere', 'multi', index)).status).toBe(201);
  });

  it.each([-1, 1e300, 2 ** 53, '12', null, 16.5])(
    'refuses the size %j of a descriptor (C5)',
    async (size) => {
      const image = testImage('sizes');
      await dev.pushImage('ns/sizes', 'v1', image);
      const document = JSON.parse(image.bytes.toString());
      document.layers[0].size = size;
      const answer = await dev.pushManifest('ns/sizes', 'v2', testManifest(document));
      expect(answer.status).toBe(400);
      expect(answer.codes).toEqual(['MANIFEST_INVALID']);
    },
  );

  it('refuses a size that the stored blob does not have, and data that is not its digest', async () => {
    const image = testImage('size');
    await dev.pushImage('ns/sizes', 'v1', image);
    const document = JSON.parse(image.bytes.toString());
    document.layers[0].size += 1;
    expect((await dev.pushManifest('ns/sizes', 'v2', testManifest(document))).status).toBe(400);
    document.layers[0].size -= 1;
    document.layers[0].data = Buffer.alloc(document.layers[0].size).toString('base64');
    expect((await dev.pushManifest('ns/sizes', 'v2', testManifest(document))).status).toBe(400);
  });

  it('takes 4 MiB and refuses one byte more, with and without a length (C6)', async () => {
    const image = testImage('large');
    await dev.pushImage('ns/large', 'v1', image);
    const document = JSON.parse(image.bytes.toString());
    const padded = (size: number) => {
      const bare = testManifest({ ...document, annotations: { pad: '' } }).bytes.length;
      return testManifest({ ...document, annotations: { pad: 'x'.repeat(size - bare) } });
    };
    const atLimit = padded(4 * 1024 * 1024);
    expect(atLimit.bytes).toHaveLength(4_194_304);
    expect((await dev.pushManifest('ns/large', 'v2', atLimit)).status).toBe(201);
    const beyond = padded(4 * 1024 * 1024 + 1);
    expect((await dev.pushManifest('ns/large', 'v3', beyond)).status).toBe(413);
    const streamed = await fetch(`${registry.url}/v2/ns/large/manifests/v3`, {
      method: 'PUT',
      headers: { ...basic('dev'), 'content-type': beyond.mediaType },
      body: new Blob([beyond.bytes]).stream(),
      duplex: 'half',
    });
    expect(streamed.status).toBe(413);
  });

  it('keeps the media type of stored bytes (C3)', async () => {
    const image = testImage('typed');
    await dev.pushImage('ns/typed', 'v1', image);
    const { mediaType: _, ...untyped } = JSON.parse(image.bytes.toString());
    const manifest = testManifest(untyped);
    expect((await dev.pushManifest('ns/typed', 'v2', manifest)).status).toBe(201);
    const docker = { ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' };
    expect((await dev.pushManifest('ns/typed', 'v2', docker)).codes).toEqual(['MANIFEST_INVALID']);
    const got = await dev.send('/v2/ns/typed/manifests/v2');
    expect(got.headers.get('content-type')).toBe(ociManifestMediaType);
  });

  it('moves all tags of ?tag= or none (I8)', async () => {
    decideMove = immutable;
    const [first, second] = [testImage('tags 1'), testImage('tags 2')];
    const answer = await dev.pushImage('ns/tags', first.digest, first, '?tag=a&tag=b');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('oci-tag')).toBe('a, b');
    expect((await dev.pushImage('ns/tags', second.digest, second, '?tag=c&tag=b&tag=d')).status).toBe(409);
    expect(await digestOfTag('ns/tags', 'b')).toBe(first.digest);
    expect(await digestOfTag('ns/tags', 'c')).toBeNull();
    expect(await digestOfTag('ns/tags', 'd')).toBeNull();
    expect(await digestOfTag('ns/tags', second.digest)).toBeNull();
    expect((await dev.pushImage('ns/tags', second.digest, second, '?tag=../x')).status).toBe(400);
  });

  it('names what ?tag= points at by the digest that it was pushed with', async () => {
    const image = testImage('tags by sha512');
    const sha512 = digestOf(image.bytes, 'sha512');
    const answer = await dev.pushImage('ns/tags-512', sha512, image, '?tag=a&tag=b');
    expect(answer.headers.get('docker-content-digest')).toBe(sha512);
    for (const tag of ['a', 'b']) expect(await digestOfTag('ns/tags-512', tag)).toBe(sha512);
    // The same content again changes nothing; other content has the digest of its own push.
    await dev.pushManifest('ns/tags-512', 'a', image);
    expect(await digestOfTag('ns/tags-512', 'a')).toBe(sha512);
    const other = testImage('tags by sha256');
    await dev.pushImage('ns/tags-512', 'a', other);
    expect(await digestOfTag('ns/tags-512', 'a')).toBe(other.digest);
    await dev.pushManifest('ns/tags-512', sha512, image, '?tag=a');
    expect(await digestOfTag('ns/tags-512', 'a')).toBe(sha512);
  });

  it('is one manifest under both digests: deleted by one, it is gone under the other (C12)', async () => {
    const image = testImage('both digests');
    const digests = [image.digest, digestOf(image.bytes, 'sha512')];
    for (const [pushed, deleted] of [digests, [...digests].reverse()]) {
      expect((await dev.pushImage('ns/both', pushed ?? '', image, '?tag=v1')).status).toBe(201);
      for (const digest of digests) expect(await digestOfTag('ns/both', digest)).toBe(digest);
      const path = `/v2/ns/both/manifests/${deleted}`;
      expect((await maintainer.send(path, { method: 'DELETE' })).status).toBe(202);
      for (const reference of [...digests, 'v1']) expect(await digestOfTag('ns/both', reference)).toBeNull();
    }
  });

  it('names the subject and lists it as a referrer, by either digest', async () => {
    const image = testImage('subject');
    await dev.pushImage('ns/subject', 'v1', image);
    for (const subject of [image.digest, digestOf(image.bytes, 'sha512')]) {
      const signature = testImage(`signature of ${subject}`, {
        artifactType: 'application/vnd.example.signature',
        subject: { mediaType: image.mediaType, digest: subject, size: image.bytes.length },
        annotations: { about: subject },
      });
      const answer = await dev.pushImage('ns/subject', signature.digest, signature);
      expect(answer.headers.get('oci-subject')).toBe(subject);
    }
    const list = await dev.send(`/v2/ns/subject/referrers/${image.digest}`);
    expect(list.headers.get('content-type')).toBe(ociIndexMediaType);
    const { manifests } = JSON.parse(list.bytes.toString());
    expect(manifests).toHaveLength(2);
    expect(manifests[0]).toMatchObject({
      artifactType: 'application/vnd.example.signature',
      annotations: { about: image.digest },
    });
    const filtered = await dev.send(`/v2/ns/subject/referrers/${image.digest}?artifactType=other`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(JSON.parse(filtered.bytes.toString()).manifests).toEqual([]);
    const none = await dev.send(`/v2/ns/subject/referrers/${digestOf(Buffer.from('none'))}`);
    expect(none.status).toBe(200);
    expect(JSON.parse(none.bytes.toString()).manifests).toEqual([]);
  });

  it.each([
    ['a small document', Buffer.from('{"critical":{}}'), 'application/vnd.in-toto+json', 'artifact'],
    ['a gzip archive', Buffer.from([0x1f, 0x8b, 8, 0]), 'application/vnd.in-toto+json', 'image'],
    ['an ELF file', Buffer.from('\x7fELF'), 'application/vnd.in-toto+json', 'image'],
    ['an old tar', oldTar(), 'application/vnd.in-toto+json', 'image'],
    ['an unknown type', Buffer.from('{}'), 'application/octet-stream', 'image'],
  ])('calls a manifest whose layer is %s what it is (P12, P13)', async (_, layer, mediaType, kind) => {
    const seen: StoredManifest[] = [];
    watch = async (stored) => {
      seen.push(stored);
    };
    const config = Buffer.from('{}');
    const manifest = testManifest({
      schemaVersion: 2,
      mediaType: ociManifestMediaType,
      config: descriptorOf(config, 'application/vnd.oci.empty.v1+json'),
      layers: [descriptorOf(layer, mediaType)],
    });
    const answer = await dev.pushImage('ns/kinds', manifest.digest, { ...manifest, blobs: [config, layer] });
    expect(answer.status).toBe(201);
    expect(seen.map((stored) => stored.kind)).toEqual([kind]);
  });
});

/** A header without magic whose first name is JSON text: old readers take it as a tar. */
function oldTar(): Buffer {
  const header = Buffer.alloc(512, ' ');
  header.write('{"name": 1}');
  header.write('0000000', 124);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(sum.toString(8).padStart(6, '0'), 148);
  return header;
}

describe('immutable tags', () => {
  it('keeps the tag on a push of another manifest (I1) and takes the same again (I2)', async () => {
    const [first, second] = [testImage('immutable 1'), testImage('immutable 2')];
    await dev.pushImage('ns/fixed', 'v1', first);
    decideMove = immutable;
    const refused = await dev.pushImage('ns/fixed', 'v1', second);
    expect(refused.status).toBe(409);
    expect(refused.codes).toEqual(['DENIED']);
    expect(refused.message).toBe('the tag v1 is immutable');
    expect(await digestOfTag('ns/fixed', 'v1')).toBe(first.digest);
    expect((await dev.pushImage('ns/fixed', 'v1', first)).status).toBe(201);
  });

  it('keeps tag, manifest, child and blob on DELETE (I3, I4, I5)', async () => {
    const image = testImage('child');
    await dev.pushImage('ns/kept', image.digest, image);
    const index = testManifest({
      schemaVersion: 2,
      mediaType: ociIndexMediaType,
      manifests: [descriptorOf(image.bytes, image.mediaType)],
    });
    await dev.pushManifest('ns/kept', 'v1', index);
    decideMove = immutable;
    const blob = digestOf(image.blobs[1] ?? Buffer.alloc(0));
    const paths = ['manifests/v1', `manifests/${index.digest}`, `manifests/${image.digest}`, `blobs/${blob}`];
    for (const path of paths) {
      expect((await maintainer.send(`/v2/ns/kept/${path}`, { method: 'DELETE' })).status).toBe(409);
      expect((await dev.send(`/v2/ns/kept/${path}`)).status).toBe(200);
    }
    decideMove = async () => ({ kind: 'allow' });
    for (const path of [...paths].reverse()) {
      expect((await dev.send(`/v2/ns/kept/${path}`, { method: 'DELETE' })).status).toBe(403);
    }
    for (const path of paths) {
      expect((await maintainer.send(`/v2/ns/kept/${path}`, { method: 'DELETE' })).status).toBe(202);
      expect((await dev.send(`/v2/ns/kept/${path}`)).status).toBe(404);
    }
  });

  it('lets exactly one of two racing first pushes win (I7)', async () => {
    decideMove = immutable;
    for (let round = 0; round < 10; round += 1) {
      const images = [0, 1, 2, 3].map((number) => testImage(`race ${round} ${number}`));
      for (const image of images) await dev.pushImage('ns/race', image.digest, image);
      const answers = await Promise.all(
        images.map((image) => dev.pushManifest('ns/race', `round-${round}`, image)),
      );
      const statuses = answers.map((answer) => answer.status).sort();
      expect(statuses).toEqual([201, 409, 409, 409]);
      const winner = images[answers.findIndex((answer) => answer.status === 201)];
      expect(await digestOfTag('ns/race', `round-${round}`)).toBe(winner?.digest);
    }
  });

  it('answers 503 and changes nothing when the guard fails (I17)', async () => {
    const [first, second] = [testImage('guard 1'), testImage('guard 2')];
    await dev.pushImage('ns/broken', 'v1', first);
    decideMove = async () => {
      throw new Error('the database is gone');
    };
    expect((await dev.pushImage('ns/broken', 'v1', second)).status).toBe(503);
    expect((await maintainer.send('/v2/ns/broken/manifests/v1', { method: 'DELETE' })).status).toBe(503);
    expect(await digestOfTag('ns/broken', 'v1')).toBe(first.digest);
  });

  it('tells the guard of a fallback tag only when the content is one (I19)', async () => {
    const moves: TagMove[] = [];
    decideMove = async (move) => {
      moves.push(move);
      return { kind: 'allow' };
    };
    const tag = `sha256-${'a'.repeat(64)}.sig`;
    const layer = Buffer.from('{"critical":{}}');
    const config = Buffer.from('{"os":""}');
    const signature = testManifest({
      schemaVersion: 2,
      mediaType: ociManifestMediaType,
      config: descriptorOf(config, ociConfigMediaType),
      layers: [descriptorOf(layer, 'application/vnd.dev.cosign.simplesigning.v1+json')],
    });
    await dev.pushImage('ns/signed', tag, { ...signature, blobs: [config, layer] });
    await dev.pushImage('ns/signed', tag, testImage('poses as a signature'));
    await dev.pushImage('ns/signed', 'v1', { ...signature, blobs: [config, layer] });
    expect(moves.map((move) => move.isReferrerFallback)).toEqual([true, false, false]);
  });
});

describe('many pushes at once', () => {
  it('takes the same image into one repository by 8 clients without an error (F9)', async () => {
    const image = testImage('shared', { annotations: { pad: randomBytes(8).toString('hex') } });
    const layer = descriptorOf(image.blobs[1] ?? Buffer.alloc(0), ociGzipLayerMediaType);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, number) => dev.pushImage('ns/crowd', `t${number}`, image)),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201));
    expect((await dev.send(`/v2/ns/crowd/blobs/${layer.digest}`)).status).toBe(200);
  });
});
