import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/bytes/digest.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { ociIndexMediaType, ociManifestMediaType } from '../../src/oci/media-types.ts';
import type { Answer } from '../../src/testing/registry-client.ts';
import { DataSetBuilder, sbomType, signatureType } from './data-sets.ts';
import { expectRefused } from './expect-answer.ts';
import { nextOf } from './next-page.ts';
import { algorithms, type Repository, type Target } from './target.ts';

interface Page {
  readonly manifests: readonly { readonly digest: Digest; readonly artifactType?: string }[];
  readonly sizeBytes: number;
  readonly next: string | undefined;
  readonly filters: string | null;
}

/** spec.md#listing-referrers beyond what each data set shows. */
export function referrerCases(target: () => Target): void {
  describe.each(algorithms)('referrers of a subject named by %s', (algorithm) => {
    const set = new DataSetBuilder(`referrers ${algorithm}`, algorithm);
    const subject = set.image();
    for (const [artifactType, count] of [
      [sbomType, 2],
      [signatureType, 1],
    ] as const) {
      for (let at = 0; at < count; at += 1) set.artifact(artifactType, {}, { subject });
    }
    set.index([], {}, { subject });
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository(`referrers-${algorithm}`);
      await pushAll(repository, set);
    });
    const list = async (query = '', digest: Digest = subject.digest) =>
      readPage(await repository.client.send(repository.path(`referrers/${digest}${query}`)));
    const typesOf = ({ manifests }: Page) =>
      manifests.map(({ artifactType }) => artifactType ?? 'none').sort();

    it('are all of them, and none is said to be filtered', async () => {
      const page = await list();
      expect(typesOf(page)).toEqual(['none', sbomType, sbomType, signatureType].sort());
      expect({ next: page.next, filters: page.filters }).toEqual({ next: undefined, filters: null });
    });

    it.each([
      [sbomType, [sbomType, sbomType]],
      [signatureType, [signatureType]],
      ['application/vnd.example.absent', []],
    ])('are filtered by the artifact type %s', async (artifactType, expected) => {
      const page = await list(`?artifactType=${encodeURIComponent(artifactType)}`);
      expect(typesOf(page)).toEqual(expected);
      expect(page.filters).toBe('artifactType');
    });

    it('are none of a digest that nothing names, and of another repository', async () => {
      const unknown = digestOf(Buffer.from('never named'), algorithm);
      expect((await list('', unknown)).manifests).toEqual([]);
      const elsewhere = await target().repository(`referrers-elsewhere-${algorithm}`);
      for (const digest of [unknown, subject.digest]) {
        const answer = await elsewhere.client.send(elsewhere.path(`referrers/${digest}`));
        expect(readPage(answer).manifests).toEqual([]);
      }
    });

    it.each(['sha256:baddigeststring', 'latest', 'md5:d41d8cd98f00b204e9800998ecf8427e'])(
      'are not asked for by %s',
      async (text) => {
        expectRefused(
          await repository.client.send(repository.path(`referrers/${text}`)),
          400,
          'DIGEST_INVALID',
        );
      },
    );
  });

  it('referrers that are too much for one manifest come page by page (spec.md#listing-referrers)', async () => {
    const repository = await target().repository('referrers-paged');
    const set = new DataSetBuilder('referrers paged', 'sha256');
    const subject = set.image();
    for (let at = 0; at < 3; at += 1) {
      const annotations = { 'org.example.note': `${at}`.repeat(1_800_000) };
      set.artifact(sbomType, {}, { subject, annotations });
    }
    await pushAll(repository, set);
    for (const filter of ['', `?artifactType=${encodeURIComponent(sbomType)}`]) {
      const found: Digest[] = [];
      let next: string | undefined = repository.path(`referrers/${subject.digest}${filter}`);
      let pages = 0;
      while (next !== undefined) {
        const page: Page = readPage(await repository.client.send(next));
        expect(page.sizeBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
        expect(page.filters).toBe(filter === '' ? null : 'artifactType');
        found.push(...page.manifests.map(({ digest }) => digest));
        next = page.next;
        pages += 1;
      }
      expect(pages).toBe(2);
      expect(found.sort()).toEqual(
        set.manifests
          .slice(1)
          .map(({ digest }) => digest)
          .sort(),
      );
    }
  });
}

async function pushAll(repository: Repository, set: DataSetBuilder): Promise<void> {
  for (const { bytes, digest } of set.blobs) {
    expect((await repository.client.pushBlob(repository.name, bytes, digest)).status).toBe(201);
  }
  for (const { digest, ...manifest } of set.manifests) {
    expect([ociManifestMediaType, ociIndexMediaType]).toContain(manifest.mediaType);
    const pushed = await repository.client.pushManifest(repository.name, digest, { digest, ...manifest });
    expect(pushed.status).toBe(201);
    expect(pushed.headers.get('oci-subject')).toBe(manifest.subject ?? null);
  }
}

function readPage(answer: Answer): Page {
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe(ociIndexMediaType);
  const body = JSON.parse(answer.bytes.toString('utf8'));
  expect({ ...body, manifests: [] }).toEqual({
    schemaVersion: 2,
    mediaType: ociIndexMediaType,
    manifests: [],
  });
  return {
    manifests: body.manifests,
    sizeBytes: answer.bytes.length,
    next: nextOf(answer),
    filters: answer.headers.get('oci-filters-applied'),
  };
}
