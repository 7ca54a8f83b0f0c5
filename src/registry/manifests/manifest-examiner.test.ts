import { describe, expect, it } from 'vitest';
import { digestOf } from '../../bytes/digest.ts';
import { ociManifestMediaType } from '../../oci/media-types.ts';
import { processorMs } from '../../testing/processor-time.ts';
import { testImage } from '../../testing/registry-client.ts';
import { examineManifest } from './examine-manifest.ts';
import { ManifestExaminer } from './manifest-examiner.ts';

/** A sound manifest of so many bytes; JSON may end in spaces. */
function manifestOf(sizeBytes: number): Buffer {
  const { bytes } = testImage('examined');
  return Buffer.concat([bytes, Buffer.alloc(sizeBytes - bytes.length, ' ')]);
}

/** How much of the work fell to this thread, in milliseconds. */
async function ownWorkMs(act: () => Promise<unknown>): Promise<number> {
  const beforeMs = processorMs();
  await act();
  return processorMs() - beforeMs;
}

describe('ManifestExaminer (threats.md C6)', () => {
  it.each([1_000, 1_000_000])('says of %i bytes what they are', async (sizeBytes) => {
    const bytes = manifestOf(sizeBytes);
    const examined = await new ManifestExaminer().examine(bytes, ociManifestMediaType);
    expect(examined).toEqual(examineManifest(bytes, ociManifestMediaType));
    expect(examined).toMatchObject({ kind: 'sound', digest: digestOf(bytes) });
  });

  it('reads shared memory where it is', async () => {
    const bytes = manifestOf(1_000_000);
    const shared = Buffer.from(new SharedArrayBuffer(bytes.length));
    bytes.copy(shared);
    const examined = await new ManifestExaminer().examine(shared, ociManifestMediaType);
    expect(examined).toMatchObject({ kind: 'sound', digest: digestOf(bytes) });
  });

  it('answers each of several for itself, the refused too', async () => {
    const examiner = new ManifestExaminer();
    const sizes = [300_000, 400_000, 500_000];
    const kinds = await Promise.all(
      sizes.map((size) => examiner.examine(manifestOf(size).fill('[', size - 1), ociManifestMediaType)),
    );
    expect(kinds.map(({ kind }) => kind)).toEqual(['invalid', 'invalid', 'invalid']);
    const digests = await Promise.all(
      sizes.map((size) => examiner.examine(manifestOf(size), ociManifestMediaType)),
    );
    expect(digests).toMatchObject(sizes.map((size) => ({ digest: digestOf(manifestOf(size)) })));
  });

  it('keeps nobody waiting while it examines one that takes long', async () => {
    const examiner = new ManifestExaminer();
    await examiner.examine(manifestOf(1_000_000), ociManifestMediaType); // the thread has begun
    const members = Array.from({ length: 90_000 }, (_, index) => `"\\n${index}":"\\n"`).join(',');
    const costly = Buffer.from(`{"schemaVersion":2,"other":{${members}}}`);
    const takesMs = await ownWorkMs(async () => examineManifest(costly, ociManifestMediaType));
    const ownMs = await ownWorkMs(() => examiner.examine(costly, ociManifestMediaType));
    expect(ownMs).toBeLessThan(takesMs / 2);
  });
});
