import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { BlobMissingError, UploadBusyError, UploadMissingError, UploadOffsetError } from './blob-errors.ts';
import type { BlobStore } from './blob-store.ts';
import type { ContentListing } from './content-listing.ts';
import type { Quarantine } from './quarantine.ts';

export interface StoreUnderTest {
  readonly store: BlobStore & ContentListing & Quarantine;
  /** Opens the same bytes again as after a restart; absent for a store that does not outlive its process. */
  readonly reopen?: () => Promise<BlobStore>;
  close(): Promise<void>;
}

/** What every `BlobStore` promises; run by each driver's test. */
export function describeBlobStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let opened: StoreUnderTest;
    let store: BlobStore & ContentListing & Quarantine;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    async function upload(bytes: Buffer, pieces = 1): Promise<string> {
      const id = randomUUID();
      await store.create(id);
      const step = Math.max(1, Math.ceil(bytes.length / pieces));
      for (let at = 0; at < bytes.length; at += step) {
        await store.append(id, at, Readable.from([bytes.subarray(at, at + step)]));
      }
      return id;
    }

    async function stored(bytes: Buffer, pieces = 1): Promise<string> {
      const result = await store.commit(await upload(bytes, pieces), digestOf(bytes));
      if (result.kind !== 'stored') throw new Error(`expected stored, got ${result.kind}`);
      return result.key;
    }

    it.each([0, 1, 500, 65_536, 3_000_001])('stores and reads %i bytes', async (size) => {
      const bytes = randomBytes(size);
      const key = await stored(bytes);
      expect(await store.size(key)).toBe(size);
      expect((await buffer(await store.read(key))).equals(bytes)).toBe(true);
    });

    it('stores bytes that came in pieces, under sha256 and sha512', async () => {
      const bytes = randomBytes(300_000);
      for (const algorithm of ['sha256', 'sha512'] as const) {
        const result = await store.commit(await upload(bytes, 7), digestOf(bytes, algorithm));
        expect(result).toMatchObject({ kind: 'stored', sizeBytes: bytes.length });
      }
    });

    it.each([
      { start: 0, end: 0 },
      { start: 500, end: 1499 },
      { start: 9_999, end: 9_999 },
      { start: 0, end: 9_999 },
    ])('reads bytes $start to $end', async (range) => {
      const bytes = randomBytes(10_000);
      const key = await stored(bytes);
      const expected = bytes.subarray(range.start, range.end + 1);
      expect((await buffer(await store.read(key, range))).equals(expected)).toBe(true);
    });

    it('opens a blob for reads into memory of the caller, also after it was deleted', async (context) => {
      if (store.openBlob === undefined) return context.skip('reads as a stream alone');
      const bytes = randomBytes(10_000);
      const key = await stored(bytes);
      const opened = await store.openBlob(key);
      try {
        await store.delete(key);
        expect(opened.sizeBytes).toBe(10_000);
        const part = Buffer.alloc(1_000);
        expect(await opened.readInto(part, 9_000)).toBe(1_000);
        expect(part.equals(bytes.subarray(9_000))).toBe(true);
        expect(await opened.readInto(part, 9_900)).toBe(100);
        expect(await opened.readInto(part, 10_000)).toBe(0);
      } finally {
        await opened.close();
      }
      await expect(store.openBlob(key)).rejects.toThrow(BlobMissingError);
    });

    it('keeps an upload whose bytes do not hash to the digest, and commits it under the right one', async () => {
      const bytes = randomBytes(1_000);
      const id = await upload(bytes);
      const wrong = digestOf(Buffer.from('other'));
      expect(await store.commit(id, wrong)).toEqual({ kind: 'mismatch', actual: digestOf(bytes) });
      expect(await store.uploadSize(id)).toBe(1_000);
      expect((await store.commit(id, digestOf(bytes))).kind).toBe('stored');
      expect(await store.uploadSize(id)).toBeUndefined();
    });

    it('gives the same answer when an upload is committed twice', async () => {
      const bytes = randomBytes(1_000);
      const id = await upload(bytes);
      const first = await store.commit(id, digestOf(bytes));
      expect(await store.commit(id, digestOf(bytes))).toEqual(first);
    });

    it('gives each copy of the same content a key of its own', async () => {
      const bytes = randomBytes(100);
      const [old, young] = [await stored(bytes), await stored(bytes)];
      expect(old).not.toBe(young);
      await store.delete(old);
      expect(await store.size(old)).toBeUndefined();
      expect((await buffer(await store.read(young))).equals(bytes)).toBe(true);
    });

    it('refuses bytes for another place than the end', async () => {
      const id = await upload(randomBytes(100));
      for (const offset of [0, 99, 101]) {
        await expect(store.append(id, offset, Readable.from([Buffer.from('x')]))).rejects.toThrow(
          UploadOffsetError,
        );
      }
      expect(await store.uploadSize(id)).toBe(100);
    });

    it('keeps what arrived when the source breaks off, and goes on from there', async () => {
      const bytes = randomBytes(200_000);
      const id = randomUUID();
      await store.create(id);
      async function* breaking() {
        yield bytes.subarray(0, 70_000);
        throw new Error('client gone');
      }
      await expect(store.append(id, 0, Readable.from(breaking()))).rejects.toThrow('client gone');
      const arrived = await store.uploadSize(id);
      expect(arrived).toBe(70_000);
      await store.append(id, 70_000, Readable.from([bytes.subarray(70_000)]));
      expect((await store.commit(id, digestOf(bytes))).kind).toBe('stored');
    });

    it('lets one caller at a time work on an upload', async () => {
      const id = randomUUID();
      await store.create(id);
      const source = new Readable({ read() {} });
      const first = store.append(id, 0, source);
      source.push('a');
      await expect(store.append(id, 0, Readable.from([Buffer.from('b')]))).rejects.toThrow(UploadBusyError);
      source.push(null);
      expect(await first).toBe(1);
      expect((await store.commit(id, digestOf(Buffer.from('a')))).kind).toBe('stored');
    });

    it('cuts off the earlier writer of an upload that was taken over (threats.md F16)', async () => {
      const bytes = randomBytes(3_000);
      const id = await upload(bytes.subarray(0, 1_000));
      const late = new Readable({ read() {} });
      const stale = store.append(id, 1_000, late);
      const next = (await opened.reopen?.()) ?? store;
      await next.takeOver(id);
      expect(await next.uploadSize(id)).toBe(1_000);
      await next.append(id, 1_000, Readable.from([bytes.subarray(1_000)]));
      late.push(randomBytes(5_000));
      late.push(null);
      await stale;
      expect(await next.uploadSize(id)).toBe(3_000);
      const result = await next.commit(id, digestOf(bytes));
      if (result.kind !== 'stored') throw new Error(`expected stored, got ${result.kind}`);
      expect((await buffer(await store.read(result.key))).equals(bytes)).toBe(true);
      await expect(next.takeOver(randomUUID())).rejects.toThrow(UploadMissingError);
    });

    it('puts a copy aside, and takes the same content again', async () => {
      const bytes = randomBytes(100);
      const key = await stored(bytes);
      await store.quarantine(key);
      expect(await store.size(key)).toBeUndefined();
      expect(await all(store.listContent())).toEqual([]);
      expect((await buffer(await store.read(await stored(bytes)))).equals(bytes)).toBe(true);
    });

    it('lists its blobs with their digests and uploads, and its open uploads', async () => {
      const bytes = [randomBytes(100), randomBytes(200)];
      const keys = [await stored(bytes[0] ?? Buffer.of()), await stored(bytes[1] ?? Buffer.of())];
      const open = await upload(randomBytes(10));
      const content = await all(store.listContent());
      const listed = content.flatMap((one) => (one.kind === 'blob' ? [one] : []));
      expect(listed.map(({ key }) => key).sort()).toEqual([...keys].sort());
      expect(listed.map(({ digest }) => digest).sort()).toEqual(bytes.map((one) => digestOf(one)).sort());
      for (const { key, uploadId } of listed) expect(key.endsWith(uploadId.replaceAll('-', ''))).toBe(true);
      const uploads = await all(store.listUploads());
      expect(uploads.map(({ uploadId }) => uploadId)).toEqual([open]);
    });

    it('tells that uploads and blobs are missing', async () => {
      const id = randomUUID();
      const digest = digestOf(Buffer.from('x'));
      expect(await store.uploadSize(id)).toBeUndefined();
      await expect(store.append(id, 0, Readable.from([]))).rejects.toThrow(UploadMissingError);
      await expect(store.commit(id, digest)).rejects.toThrow(UploadMissingError);
      const key = await stored(Buffer.from('x'));
      await store.delete(key);
      await store.delete(key);
      await expect(store.read(key)).rejects.toThrow(BlobMissingError);
    });

    it('discards an upload', async () => {
      const id = await upload(randomBytes(10));
      await store.discard(id);
      await store.discard(id);
      expect(await store.uploadSize(id)).toBeUndefined();
    });

    it.each(['../x', 'sha256/../../etc/passwd', '', 'sha256/aa/AA.00', '\0'])(
      'refuses the name %j',
      async (name) => {
        await expect(store.size(name)).rejects.toThrow('Cannot use the storage name');
        await expect(store.uploadSize(name)).rejects.toThrow('Cannot use the storage name');
      },
    );

    it('goes on with an upload after a restart', async (context) => {
      if (opened.reopen === undefined) return context.skip('does not outlive its process');
      const bytes = randomBytes(50_000);
      const id = await upload(bytes.subarray(0, 20_000));
      const again = await opened.reopen();
      expect(await again.uploadSize(id)).toBe(20_000);
      await again.append(id, 20_000, Readable.from([bytes.subarray(20_000)]));
      const result = await again.commit(id, digestOf(bytes));
      expect(result.kind).toBe('stored');
      expect(await store.commit(id, digestOf(bytes))).toEqual(result);
    });
  });
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}
