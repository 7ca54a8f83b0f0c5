import { describe, expect, it } from 'vitest';
import type { DigestAlgorithm } from '../../src/oci/digest.ts';
import { ociIndexMediaType } from '../../src/oci/media-types.ts';
import { type DataSet, DataSetBuilder, dataSets, type PushedManifest } from './data-sets.ts';
import { expectAbsent, expectContent, expectDeletable } from './expect-answer.ts';
import { algorithms, type Repository, type Target } from './target.ts';

/** Each kind of content is pushed, listed, looked up, pulled, and deleted again (spec.md#requirements, all four categories). */
export function dataSetCases(target: () => Target): void {
  describe.each(algorithms)('content named by %s', (algorithm) => {
    it.concurrent.each(Object.entries(dataSets))(
      'takes, lists, gives and deletes %s',
      async (name, describeSet) => {
        const set = new DataSetBuilder(`${name} ${algorithm}`, algorithm);
        describeSet(set);
        const repository = await target().repository(
          `data-${algorithm}/${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`,
        );
        await push(repository, set, algorithm);
        await expectTags(repository, tagsOf(set));
        await expectAllThere(repository, set);
        await expectReferrers(repository, set);
        await deleteAll(repository, set);
        await expectTags(repository, []);
      },
    );
  });
}

async function push(repository: Repository, set: DataSet, algorithm: DigestAlgorithm): Promise<void> {
  for (const { bytes, digest } of set.blobs) {
    expect((await repository.client.pushBlob(repository.name, bytes, digest)).status).toBe(201);
  }
  for (const manifest of set.manifests) await pushManifest(repository, manifest, algorithm);
}

/** By tag where it has one; under sha512 by digest and with `?tag=`, for a tag does not name an algorithm. */
async function pushManifest(
  repository: Repository,
  manifest: PushedManifest,
  algorithm: DigestAlgorithm,
): Promise<void> {
  const { tag, digest, mediaType, bytes } = manifest;
  const byTag = tag !== undefined && algorithm === 'sha256';
  const query = tag === undefined || byTag ? '' : `?tag=${tag}`;
  const answer = await repository.client.send(repository.path(`manifests/${byTag ? tag : digest}${query}`), {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: bytes,
  });
  expect({ status: answer.status, message: answer.message }).toEqual({ status: 201, message: undefined });
  const header = (name: string) => answer.headers.get(name);
  expect(header('docker-content-digest')).toBe(digest);
  expect(header('oci-subject')).toBe(manifest.subject ?? null);
  expect(header('oci-tag')).toBe(query === '' ? null : tag);
  await expectContent(repository, header('location') ?? '', manifest);
}

function tagsOf(set: DataSet): readonly string[] {
  return set.manifests.flatMap(({ tag }) => (tag === undefined ? [] : [tag])).sort();
}

async function expectTags(repository: Repository, tags: readonly string[]): Promise<void> {
  const answer = await repository.client.send(repository.path('tags/list'));
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.bytes.toString('utf8'))).toEqual({ name: repository.name, tags });
}

async function expectAllThere(repository: Repository, set: DataSet): Promise<void> {
  for (const manifest of set.manifests) {
    await expectContent(repository, repository.path(`manifests/${manifest.digest}`), manifest);
    if (manifest.tag !== undefined) {
      await expectContent(repository, repository.path(`manifests/${manifest.tag}`), manifest);
    }
  }
  for (const blob of set.blobs) {
    await expectContent(repository, repository.path(`blobs/${blob.digest}`), blob);
  }
}

/** Every manifest's referrers are those of the set that name it, and nothing else. */
async function expectReferrers(repository: Repository, set: DataSet): Promise<void> {
  const subjects = set.manifests.flatMap(({ subject }) => (subject === undefined ? [] : [subject]));
  for (const digest of new Set([...set.manifests.map((manifest) => manifest.digest), ...subjects])) {
    const expected = set.manifests.filter(({ subject }) => subject === digest);
    const answer = await repository.client.send(repository.path(`referrers/${digest}`));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(ociIndexMediaType);
    const { manifests, ...rest } = JSON.parse(answer.bytes.toString('utf8'));
    expect(rest).toEqual({ schemaVersion: 2, mediaType: ociIndexMediaType });
    const described = expected.map(({ mediaType, bytes, listed }) => ({
      mediaType,
      size: bytes.length,
      ...listed,
    }));
    expect(manifests.map(withoutDigest)).toEqual(expect.arrayContaining(described));
    expect(manifests).toHaveLength(described.length);
    for (const entry of manifests) await expectNames(repository, entry.digest, expected);
  }
}

function withoutDigest({ digest: _, ...entry }: Readonly<Record<string, unknown>>) {
  return entry;
}

/** The digest may be of either algorithm; what it names is one of these. */
async function expectNames(
  repository: Repository,
  digest: string,
  among: readonly PushedManifest[],
): Promise<void> {
  const { bytes } = await repository.client.send(repository.path(`manifests/${digest}`));
  expect(among.filter((manifest) => manifest.bytes.equals(bytes))).toHaveLength(1);
}

/** What names others first; tags before the manifests that they point to, in every other case with them. */
async function deleteAll(repository: Repository, set: DataSet): Promise<void> {
  for (const [index, manifest] of [...set.manifests].reverse().entries()) {
    const { tag, digest } = manifest;
    const isTagFirst = index % 2 === 0;
    if (tag !== undefined && isTagFirst) {
      await expectDeletable(repository, repository.path(`manifests/${tag}`), 'MANIFEST_UNKNOWN');
      await expectContent(repository, repository.path(`manifests/${digest}`), manifest);
    }
    await expectDeletable(repository, repository.path(`manifests/${digest}`), 'MANIFEST_UNKNOWN');
    if (tag !== undefined && !isTagFirst) {
      await expectAbsent(repository, repository.path(`manifests/${tag}`), 'MANIFEST_UNKNOWN');
    }
  }
  for (const { digest } of set.blobs) {
    const options = { method: 'DELETE' };
    expect((await repository.client.send(repository.path(`blobs/${digest}`), options)).status).toBe(202);
  }
  for (const { subject } of set.manifests) {
    if (subject === undefined) continue;
    const answer = await repository.client.send(repository.path(`referrers/${subject}`));
    expect(JSON.parse(answer.bytes.toString('utf8')).manifests).toEqual([]);
  }
}
