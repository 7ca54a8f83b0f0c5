import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { indexLevelsMax, indexNodesMax } from '../catalog/index-limits.ts';

import { ociIndexMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import {
  basic,
  descriptorOf,
  RegistryClient,
  type TestManifest,
  testImage,
  testManifest,
} from '../testing/registry-client.ts';
import { type RegistryUnderTest, startRegistry } from '../testing/start-registry.ts';
import { digestOfText } from '../testing/stored-images.ts';

let registry: RegistryUnderTest;
let owner: RegistryClient;
const name = 'ns/nested';
const image = testImage('nested');

beforeAll(async () => {
  registry = await startRegistry();
  await registry.addNamespace('ns', { members: { owner: 'admin' } });
  owner = new RegistryClient(registry.url, basic('owner'));
  expect((await owner.pushImage(name, 'v1', image)).status).toBe(201);
});
afterAll(() => registry.close());

function indexOf(children: readonly { readonly digest: string; readonly size: number }[]): TestManifest {
  const manifests = children.map(({ digest, size }) => ({ mediaType: ociIndexMediaType, digest, size }));
  return testManifest({ schemaVersion: 2, mediaType: ociIndexMediaType, manifests });
}

const statusOf = async (index: TestManifest) => (await owner.pushManifest(name, index.digest, index)).status;

describe('an index of indexes (threats.md C7, §1.9)', () => {
  it('that names the next one twice has 8 levels at most', async () => {
    let below = descriptorOf(image.bytes, image.mediaType);
    for (let levels = 2; levels <= indexLevelsMax + 1; levels += 1) {
      const index = indexOf([below, below]);
      expect([levels, await statusOf(index)]).toEqual([levels, levels <= 8 ? 201 : 400]);
      below = descriptorOf(index.bytes, ociIndexMediaType);
    }
  });

  it('has 10,000 manifests below it at most', async () => {
    const inner = indexOf([]);
    const [innerEntry, extra] = [descriptorOf(inner.bytes, ociIndexMediaType), testImage('one more')];
    expect(await statusOf(inner)).toBe(201);
    expect((await owner.pushImage(name, 'extra', extra)).status).toBe(201);
    // As if the inner index listed them: a document of 9,999 entries tells nothing more.
    await registry.database.pool.query(
      `insert into manifest_child (parent_digest, position, child_digest, media_type)
       select $1, n, 'sha256:' || encode(sha256(n::text::bytea), 'hex'), $2 from generate_series(1, $3) n`,
      [inner.digest, ociManifestMediaType, indexNodesMax - 1],
    );
    const extraEntry = descriptorOf(extra.bytes, ociManifestMediaType);
    expect(await statusOf(indexOf([innerEntry]))).toBe(201);
    expect(await statusOf(indexOf([innerEntry, innerEntry]))).toBe(201);
    const answer = await owner.pushManifest(name, 'over', indexOf([innerEntry, extraEntry]));
    expect([answer.status, answer.codes]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it('lists 10,000 entries at most', async () => {
    const entry = descriptorOf(image.bytes, image.mediaType);
    expect(await statusOf(indexOf(Array(10_000).fill(entry)))).toBe(201);
    expect(await statusOf(indexOf(Array(10_001).fill(entry)))).toBe(400);
  });

  it('must have its manifests in the repository', async () => {
    const absent = { digest: digestOfText('absent'), size: 5 };
    const answer = await owner.pushManifest(
      name,
      'sparse',
      indexOf([descriptorOf(image.bytes, image.mediaType), absent]),
    );
    expect([answer.status, answer.codes]).toEqual([404, ['MANIFEST_BLOB_UNKNOWN']]);
  });
});
