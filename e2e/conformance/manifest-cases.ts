import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/bytes/digest.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { ociIndexMediaType, ociManifestMediaType } from '../../src/oci/media-types.ts';
import { type TestImage, testImage } from '../../src/testing/registry-client.ts';
import { expectAbsent, expectContent, expectHeadRefused, expectRefused } from './expect-answer.ts';
import { algorithms, type Repository, type Target } from './target.ts';

/** spec.md#pushing-manifests and #pulling-manifests beyond what each data set shows. */
export function manifestCases(target: () => Target): void {
  describe.each(algorithms)('manifests named by %s', (algorithm) => {
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository(`manifests-${algorithm}`);
    });
    const at = (reference: string) => repository.path(`manifests/${reference}`);
    const imageOf = (content: string): TestImage => {
      const image = testImage(`${content} ${algorithm}`);
      return { ...image, digest: digestOf(image.bytes, algorithm) };
    };
    const push = async (image: TestImage, reference: string, query = '') =>
      await repository.client.pushImage(repository.name, reference, image, query);

    it('get twelve tags in one push by digest, and say so in OCI-Tag', async () => {
      const image = imageOf('tags');
      const tags = Array.from({ length: 12 }, (_, index) => `param-${index}`);
      const pushed = await push(image, image.digest, `?${tags.map((tag) => `tag=${tag}`).join('&')}`);
      expect(pushed.status).toBe(201);
      expect(pushed.headers.get('docker-content-digest')).toBe(image.digest);
      expect((pushed.headers.get('oci-tag') ?? '').split(/, */).sort()).toEqual([...tags].sort());
      for (const tag of tags) await expectContent(repository, at(tag), image);
      const { bytes } = await repository.client.send(repository.path('tags/list'));
      expect(JSON.parse(bytes.toString('utf8')).tags).toEqual(expect.arrayContaining(tags));
    });

    it('are refused under the digest of other bytes, and leave no trace', async () => {
      const [image, other] = [imageOf('sent'), imageOf('claimed')];
      expectRefused(await push(image, other.digest, '?tag=bad-digest'), 400, 'DIGEST_INVALID');
      for (const reference of [image.digest, other.digest, 'bad-digest']) {
        await expectAbsent(repository, at(reference), 'MANIFEST_UNKNOWN');
      }
    });

    it.each(['sha256:baddigeststring', 'sha512:0', `md5:${'0'.repeat(32)}`])(
      'are neither taken nor found as %s',
      async (text) => {
        expectRefused(await push(imageOf('badly named'), text), 400, 'DIGEST_INVALID');
        expectRefused(await repository.client.send(at(text)), 400, 'DIGEST_INVALID');
        expectHeadRefused(await repository.client.send(at(text), { method: 'HEAD' }), 400);
        expectRefused(await repository.client.send(at(text), { method: 'DELETE' }), 400, 'DIGEST_INVALID');
      },
    );

    it('are not found by a tag or digest that was never pushed', async () => {
      expect((await push(imageOf('present'), 'present')).status).toBe(201);
      for (const reference of ['absent', imageOf('absent').digest]) {
        await expectAbsent(repository, at(reference), 'MANIFEST_UNKNOWN');
        expectRefused(
          await repository.client.send(at(reference), { method: 'DELETE' }),
          404,
          'MANIFEST_UNKNOWN',
        );
      }
    });
  });

  it('manifests come back under the type they were pushed as, whatever is asked for (content-negotiation.md)', async () => {
    const repository = await target().repository('negotiation');
    const image = testImage('negotiated');
    const { client, name } = repository;
    expect((await client.pushImage(name, 'plain', image)).status).toBe(201);
    const typed = `${image.mediaType}; charset=utf-8`;
    expect((await client.pushManifest(name, 'typed', { ...image, mediaType: typed })).status).toBe(201);
    for (const tag of ['plain', 'typed']) {
      for (const accept of [ociManifestMediaType, ociIndexMediaType, '*/*', 'application/json']) {
        const answer = await client.send(repository.path(`manifests/${tag}`), { headers: { accept } });
        expect(answer.headers.get('content-type')).toBe(image.mediaType);
        expect(answer.bytes.equals(image.bytes)).toBe(true);
      }
    }
  });

  it('a manifest pushed by one digest is found by the other (docs/protocol.md)', async () => {
    const repository = await target().repository('both-digests');
    const image = testImage('both digests');
    const digests: readonly Digest[] = [image.digest, digestOf(image.bytes, 'sha512')];
    expect((await repository.client.pushImage(repository.name, image.digest, image)).status).toBe(201);
    for (const digest of digests) {
      await expectContent(repository, repository.path(`manifests/${digest}`), { ...image, digest });
    }
  });
}
