import { beforeAll, describe, expect, it } from 'vitest';
import type { DigestAlgorithm } from '../../src/oci/digest.ts';
import { expectAbsent, expectContent, expectDeletable, expectRefused } from './expect-answer.ts';
import { pushStyles } from './push-styles.ts';
import { algorithms, bytesOf, type Repository, type Target, testBlob } from './target.ts';

/** spec.md#pulling-blobs, #pushing-blobs, #deleting-blobs; RFC 9110 §14 for ranges. */
export function blobCases(target: () => Target): void {
  describe.each(algorithms)('blobs under %s', (algorithm) => {
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository(`blobs-${algorithm}`);
    });
    const at = (digest: string) => repository.path(`blobs/${digest}`);

    it.concurrent('finds none that was not pushed', async () => {
      const { digest } = testBlob(bytesOf('never pushed', 10), algorithm);
      await expectAbsent(repository, at(digest), 'BLOB_UNKNOWN');
    });

    it.concurrent.each(Object.entries(pushStyles))(
      'takes, gives and deletes one pushed by %s',
      async (style, push) => {
        const blob = testBlob(bytesOf(`${algorithm} by ${style}`, 3_001), algorithm);
        const pushed = await push(repository, blob);
        expect(pushed.status).toBe(201);
        expect(pushed.headers.get('docker-content-digest')).toBe(blob.digest);
        await expectContent(repository, pushed.headers.get('location') ?? '', blob);
        await expectContent(repository, at(blob.digest), blob);
        await expectDeletable(repository, at(blob.digest), 'BLOB_UNKNOWN');
      },
    );

    it.concurrent.each(Object.entries(pushStyles))(
      'shows nothing of one that has another digest, pushed by %s',
      async (style, push) => {
        const sent = testBlob(bytesOf(`${algorithm} wrong by ${style}`, 3_001), algorithm);
        const claimed = testBlob(bytesOf(`${algorithm} claimed by ${style}`, 3_001), algorithm);
        expectRefused(await push(repository, { ...claimed, bytes: sent.bytes }), 400, 'DIGEST_INVALID');
        for (const { digest } of [sent, claimed]) await expectAbsent(repository, at(digest), 'BLOB_UNKNOWN');
      },
    );

    it.concurrent.each([
      ['no bytes', Buffer.alloc(0)],
      ['the empty JSON object of an artifact', Buffer.from('{}')],
    ])('takes and gives %s', async (_, bytes) => {
      const blob = testBlob(bytes, algorithm);
      for (const style of ['one POST', 'POST and PUT'] as const) {
        const pushed = await pushStyles[style]?.(repository, blob);
        expect(pushed?.status).toBe(201);
        await expectContent(repository, at(blob.digest), blob);
        await expectDeletable(repository, at(blob.digest), 'BLOB_UNKNOWN');
      }
    });

    it.concurrent('takes one that is there already', async () => {
      const blob = testBlob(bytesOf(`${algorithm} twice`, 2_000), algorithm);
      for (const push of Object.values(pushStyles)) expect((await push(repository, blob)).status).toBe(201);
      await expectContent(repository, at(blob.digest), blob);
    });
    rangeCases(() => repository, algorithm);
  });
}

const sizeBytes = 4_096;

/** RFC 9110 §14.1.2 (byte ranges), §15.3.7 (206) and §15.5.17 (416). */
function rangeCases(repository: () => Repository, algorithm: DigestAlgorithm): void {
  const blob = testBlob(bytesOf(`${algorithm} in ranges`, sizeBytes), algorithm);
  const ask = async (range: string, headers: Readonly<Record<string, string>> = {}) =>
    await repository().client.send(repository().path(`blobs/${blob.digest}`), {
      headers: { range: `bytes=${range}`, ...headers },
    });
  beforeAll(async () => {
    const pushed = await repository().client.pushBlob(repository().name, blob.bytes, blob.digest);
    expect(pushed.status).toBe(201);
  });

  it.concurrent.each([
    ['500-1499', 500, 1_499],
    ['500-', 500, sizeBytes - 1],
    ['-500', sizeBytes - 500, sizeBytes - 1],
    ['2000-5000', 2_000, sizeBytes - 1],
    ['0-0', 0, 0],
    ['-5000', 0, sizeBytes - 1],
  ])('gives the range %s', async (range, start, end) => {
    const answer = await ask(range);
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end}/${sizeBytes}`);
    expect(answer.headers.get('content-length')).toBe(String(end - start + 1));
    expect(answer.bytes.equals(blob.bytes.subarray(start, end + 1))).toBe(true);
  });

  it.concurrent.each(['500-0', '5000-10000', `${sizeBytes}-`, '-0'])(
    'refuses the range %s',
    async (range) => {
      const answer = await ask(range);
      expect(answer.status).toBe(416);
      expect(answer.headers.get('content-range')).toBe(`bytes */${sizeBytes}`);
      expectRefused(answer, 416, 'SIZE_INVALID');
    },
  );

  it.concurrent('gives everything for a range of another content, and says that it knows ranges (RFC 9110 §13.1.5, §14.3)', async () => {
    const answer = await ask('500-1499', { 'if-range': '"another"' });
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(blob.bytes)).toBe(true);
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
  });
}
