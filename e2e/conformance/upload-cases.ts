import { beforeAll, describe, expect, it } from 'vitest';
import { expectAbsent, expectContent, expectRefused } from './expect-answer.ts';
import { closeUpload, openUpload, sendChunk, tryChunk } from './push-styles.ts';
import { algorithms, bytesOf, type Repository, type Target, testBlob } from './target.ts';

/** spec.md#pushing-a-blob-in-chunks, #cancel-a-blob-upload, #mounting-a-blob-from-another-repository. */
export function uploadCases(target: () => Target): void {
  describe.each(algorithms)('uploads under %s', (algorithm) => {
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository(`uploads-${algorithm}`);
    });
    const show = async (session: string) => {
      const answer = await repository.client.send(session);
      return { status: answer.status, range: answer.headers.get('range') };
    };

    it.concurrent('refuses a chunk out of order, and goes on where the last one ended', async () => {
      const blob = testBlob(bytesOf(`${algorithm} out of order`, 3_000), algorithm);
      const [first, second] = [blob.bytes.subarray(0, 1_000), blob.bytes.subarray(1_000)];
      let session = await openUpload(repository, blob);
      expectRefused(
        await tryChunk(repository, session, { bytes: second, start: 1_000 }),
        416,
        'BLOB_UPLOAD_INVALID',
      );
      session = (await sendChunk(repository, session, { bytes: first, start: 0 })).location;
      for (const start of [0, 999, 1_001]) {
        const refused = await tryChunk(repository, session, { bytes: second, start });
        expectRefused(refused, 416, 'BLOB_UPLOAD_INVALID');
        expect(await show(session)).toEqual({ status: 204, range: '0-999' });
      }
      session = (await sendChunk(repository, session, { bytes: second, start: 1_000 })).location;
      expect((await closeUpload(repository, session, blob)).status).toBe(201);
      await expectContent(repository, repository.path(`blobs/${blob.digest}`), blob);
    });

    it.concurrent('refuses a last chunk out of order in the PUT, and takes it in order', async () => {
      const blob = testBlob(bytesOf(`${algorithm} last out of order`, 3_000), algorithm);
      const last = blob.bytes.subarray(2_000);
      let session = await openUpload(repository, blob);
      session = (await sendChunk(repository, session, { bytes: blob.bytes.subarray(0, 2_000), start: 0 }))
        .location;
      const close = async (range: string) =>
        await closeUpload(repository, session, blob, { headers: { 'content-range': range }, body: last });
      expectRefused(await close('1000-1999'), 416, 'BLOB_UPLOAD_INVALID');
      expectRefused(await close('2500-3499'), 416, 'BLOB_UPLOAD_INVALID');
      await expectAbsent(repository, repository.path(`blobs/${blob.digest}`), 'BLOB_UNKNOWN');
      expect((await close('2000-2999')).status).toBe(201);
      await expectContent(repository, repository.path(`blobs/${blob.digest}`), blob);
    });

    it.concurrent('tells how far an upload has come, with a location to go on at', async () => {
      const blob = testBlob(bytesOf(`${algorithm} status`, 900), algorithm);
      const session = await openUpload(repository, blob);
      const { location } = await sendChunk(repository, session, {
        bytes: blob.bytes.subarray(0, 500),
        start: 0,
      });
      const shown = await repository.client.send(location);
      expect({ status: shown.status, range: shown.headers.get('range') }).toEqual({
        status: 204,
        range: '0-499',
      });
      const next = shown.headers.get('location') ?? '';
      const ended = await sendChunk(repository, next, { bytes: blob.bytes.subarray(500), start: 500 });
      expect((await closeUpload(repository, ended.location, blob)).status).toBe(201);
      expectRefused(await repository.client.send(location), 404, 'BLOB_UPLOAD_UNKNOWN');
    });

    it.concurrent('forgets an upload that is cancelled', async () => {
      const blob = testBlob(bytesOf(`${algorithm} cancelled`, 500), algorithm);
      const session = await openUpload(repository, blob);
      await sendChunk(repository, session, { bytes: blob.bytes, start: 0 });
      expect((await repository.client.send(session, { method: 'DELETE' })).status).toBe(204);
      expectRefused(await repository.client.send(session), 404, 'BLOB_UPLOAD_UNKNOWN');
      expectRefused(
        await tryChunk(repository, session, { bytes: blob.bytes, start: 500 }),
        404,
        'BLOB_UPLOAD_UNKNOWN',
      );
      expectRefused(await closeUpload(repository, session, blob), 404, 'BLOB_UPLOAD_UNKNOWN');
      expectRefused(await repository.client.send(session, { method: 'DELETE' }), 404, 'BLOB_UPLOAD_UNKNOWN');
      await expectAbsent(repository, repository.path(`blobs/${blob.digest}`), 'BLOB_UNKNOWN');
    });

    it.concurrent('mounts from the repository that is named, and from one that it finds', async () => {
      const source = await target().repository(`mount-source-${algorithm}`);
      const blob = testBlob(bytesOf(`${algorithm} mounted`, 700), algorithm);
      expect((await source.client.pushBlob(source.name, blob.bytes, blob.digest)).status).toBe(201);
      for (const [name, from] of [
        ['named', `&from=${encodeURIComponent(source.name)}`],
        ['found', ''],
      ]) {
        const into = await target().repository(`mount-${name}-${algorithm}`, [source.name]);
        const mounted = await into.client.send(into.path(`blobs/uploads/?mount=${blob.digest}${from}`), {
          method: 'POST',
        });
        expect(mounted.status).toBe(201);
        expect(mounted.headers.get('docker-content-digest')).toBe(blob.digest);
        await expectContent(into, mounted.headers.get('location') ?? '', blob);
        await expectContent(into, into.path(`blobs/${blob.digest}`), blob);
      }
    });

    it.concurrent('opens an upload where there is nothing to mount', async () => {
      const repository = await target().repository(`mount-missing-${algorithm}`, ['clients/nowhere']);
      const blob = testBlob(bytesOf(`${algorithm} not there to mount`, 700), algorithm);
      for (const from of ['&from=clients/nowhere', '']) {
        const opened = await repository.client.send(
          repository.path(`blobs/uploads/?mount=${blob.digest}${from}`),
          { method: 'POST' },
        );
        expect(opened.status).toBe(202);
        await expectAbsent(repository, repository.path(`blobs/${blob.digest}`), 'BLOB_UNKNOWN');
        const session = opened.headers.get('location') ?? '';
        expect((await closeUpload(repository, session, blob, { body: blob.bytes })).status).toBe(201);
        expect(
          (await repository.client.send(repository.path(`blobs/${blob.digest}`), { method: 'DELETE' }))
            .status,
        ).toBe(202);
      }
    });
  });
}
