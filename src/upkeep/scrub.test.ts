import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { startUpkeepHarness, type UpkeepHarness } from '../testing/upkeep-harness.ts';
import { type Scrubbed, type ScrubOptions, scrubPass } from './scrub.ts';

let harness: UpkeepHarness;
beforeAll(async () => {
  harness = await startUpkeepHarness();
});
afterAll(() => harness.close());

const blobs = Array.from({ length: 4 }, () => randomBytes(10_000));
const [blob = Buffer.of(), other = Buffer.of()] = blobs;
beforeEach(async () => {
  await harness.empty();
  for (const bytes of blobs) expect((await harness.client.pushBlob('team/app', bytes)).status).toBe(201);
});

async function scrub(options: Partial<ScrubOptions> = {}): Promise<Scrubbed> {
  return await scrubPass({ db: harness.database.db, store: harness.store, ...options });
}

async function makeDue(): Promise<void> {
  await harness.sql(`update blob set scrubbed_at = now() - interval '31 days'`);
}

async function fileOf(bytes: Buffer): Promise<string> {
  const { rows } = await harness.database.pool.query('select storage_key from blob where digest = $1', [
    digestOf(bytes),
  ]);
  return join(harness.root, 'blobs', rows[0].storage_key);
}

async function get(bytes: Buffer) {
  return await harness.client.send(`/v2/team/app/blobs/${digestOf(bytes)}`);
}

describe('scrubPass()', () => {
  it('reads nothing that was read or pushed within the last 30 days, and all else once', async () => {
    expect(await scrub()).toEqual({ soundCount: 0, readBytes: 0, damaged: [], unreadable: [] });
    await makeDue();
    expect(await scrub()).toMatchObject({ soundCount: 4, readBytes: 40_000, damaged: [] });
    expect(await scrub()).toMatchObject({ soundCount: 0, readBytes: 0 });
  });

  it('reads in small passes, what waited longest first', async () => {
    await makeDue();
    await harness.sql(`update blob set scrubbed_at = 'epoch' where digest = '${digestOf(other)}'`);
    await truncate(await fileOf(other), 10);
    expect(await scrub({ blobsMax: 1 })).toMatchObject({ damaged: [{ digest: digestOf(other) }] });
    expect(await scrub({ readBytesMax: 10_001 })).toMatchObject({ soundCount: 2 });
    expect(await scrub({ readBytesMax: 10_001 })).toMatchObject({ soundCount: 1 });
  });

  it.each([
    {
      kind: 'one flipped bit',
      damage: async () => {
        const bytes = await readFile(await fileOf(blob));
        bytes.writeUInt8(bytes.readUInt8(5_000) ^ 1, 5_000);
        await writeFile(await fileOf(blob), bytes);
      },
      problem: /^hashes to sha256:/,
    },
    {
      kind: 'a truncated file',
      damage: async () => await truncate(await fileOf(blob), 9_999),
      problem: /^has 9999 bytes instead of 10000$/,
    },
    {
      kind: 'zeroes',
      damage: async () => await writeFile(await fileOf(blob), Buffer.alloc(10_000)),
      problem: /^hashes to sha256:/,
    },
    {
      kind: 'the bytes of another blob',
      damage: async () => {
        const [a, b] = [await fileOf(blob), await fileOf(other)];
        await rename(a, `${a}.aside`);
        await rename(b, a);
        await rename(`${a}.aside`, b);
      },
      problem: /^hashes to sha256:/,
    },
    { kind: 'a missing file', damage: async () => await rm(await fileOf(blob)), problem: /^is missing$/ },
  ])('finds $kind, after which it is not served until a push repairs it (threats.md F18)', async (given) => {
    await given.damage();
    await makeDue();
    const { damaged } = await scrub();
    expect(damaged).toContainEqual({
      digest: digestOf(blob),
      problem: expect.stringMatching(given.problem),
      holders: ['team/app'],
    });
    for (const { digest } of damaged) {
      const path = `/v2/team/app/blobs/${digest}`;
      expect((await harness.client.send(path)).status).toBe(503);
      expect((await harness.client.send(path, { headers: { range: 'bytes=0-99' } })).status).toBe(503);
      // Whoever pushes is told to send it again.
      expect((await harness.client.send(path, { method: 'HEAD' })).status).toBe(404);
    }
    expect(await scrub()).toMatchObject({ damaged: [] });
    for (const bytes of [blob, other])
      expect((await harness.client.pushBlob('team/app', bytes)).status).toBe(201);
    for (const bytes of blobs) expect((await get(bytes)).bytes.equals(bytes)).toBe(true);
    await makeDue();
    expect(await scrub()).toMatchObject({ soundCount: 4, damaged: [] });
    const { rows } = await harness.database.pool.query('select from blob where damaged_at is not null');
    expect(rows).toEqual([]);
  });

  it('keeps damaged bytes for people to look at, and takes a file that they put back', async () => {
    const file = await fileOf(blob);
    await writeFile(file, Buffer.alloc(10_000));
    await makeDue();
    expect(await scrub()).toMatchObject({ damaged: [{ digest: digestOf(blob) }] });
    expect(await readdir(join(harness.root, 'quarantine'))).toContain(basename(file));
    await writeFile(file, blob);
    await harness.sql(`update blob set scrubbed_at = now() - interval '25 h' where damaged_at is not null`);
    expect(await scrub()).toMatchObject({ soundCount: 1, damaged: [] });
    expect((await get(blob)).bytes.equals(blob)).toBe(true);
  });

  it('says of a copy that it cannot read that it cannot, and leaves it where it is', async () => {
    await makeDue();
    const { store } = harness;
    const failing: ScrubOptions['store'] = {
      size: (key) => store.size(key),
      quarantine: (key) => store.quarantine(key),
      read: async () => {
        throw new Error('input/output error');
      },
    };
    const { unreadable } = await scrub({ store: failing });
    expect(unreadable).toHaveLength(4);
    expect((await get(blob)).status).toBe(200);
    expect(await scrub()).toMatchObject({ soundCount: 0 });
    await harness.sql(`update blob set scrubbed_at = scrubbed_at - interval '25 h'`);
    expect(await scrub()).toMatchObject({ soundCount: 4 });
  });

  it('does not touch a copy that a push replaced while it was read', async () => {
    await writeFile(await fileOf(blob), Buffer.alloc(10_000));
    await makeDue();
    const { store } = harness;
    let isPushed = false;
    const racing: ScrubOptions['store'] = {
      size: (key) => store.size(key),
      quarantine: (key) => store.quarantine(key),
      read: async (key) => {
        if (!isPushed) await harness.client.pushBlob('team/app', blob);
        isPushed = true;
        return await store.read(key);
      },
    };
    expect(await scrub({ store: racing })).toMatchObject({ damaged: [] });
    expect((await get(blob)).bytes.equals(blob)).toBe(true);
  });
});
