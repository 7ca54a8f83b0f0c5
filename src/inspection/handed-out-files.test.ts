import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultInflateLimits } from '../bytes/inflate.ts';
import { defaultTarLimits } from '../bytes/tar-entry.ts';
import { type BuiltLayer, buildLayer } from '../testing/samples/build-image.ts';
import { HandedOutFiles } from './_handed-out-files.ts';
import type { FileReceiver, LayerFile } from './image/give-files.ts';
import { InspectionPool } from './inspection-pool.ts';

const mebibyte = 1024 ** 2;
const limits = { inflate: defaultInflateLimits, tar: defaultTarLimits, fileBytesMax: 8 * mebibyte };
const never = new AbortController().signal;
const pool = new InspectionPool({ limits: { processes: 1 } });
afterAll(() => pool.close());

const stored = (layer: BuiltLayer, open = async () => Readable.from([layer.bytes])) => ({
  digest: layer.digest,
  index: 2,
  open,
});

/** Keeps what it is given; `ready` says when more may come. */
class KeptFiles implements FileReceiver {
  readonly files: { readonly path: string; readonly sizeBytes: number; readonly pieces: Buffer[] }[] = [];
  readonly ready: () => Promise<void>;

  constructor(ready: () => Promise<void> = async () => undefined) {
    this.ready = ready;
  }

  file(file: LayerFile): void {
    this.files.push({ ...file, pieces: [] });
  }

  piece(bytes: Buffer): void {
    this.files.at(-1)?.pieces.push(Buffer.from(bytes));
  }

  get texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.files.map(({ path, pieces }) => [path, Buffer.concat(pieces).toString()]));
  }
}

const small = buildLayer({ 'etc/a': 'first', 'etc/b': 'second' });
const large = buildLayer({ a: 'first', b: 'x'.repeat(7 * mebibyte), c: 'last' });

async function expectNextRead(): Promise<void> {
  const kept = new KeptFiles();
  expect(await pool.giveFiles(stored(small), { receiver: kept, limits }, never)).toEqual([]);
  expect(kept.texts).toEqual({ 'etc/a': 'first', 'etc/b': 'second' });
}

describe('files that an inspection process hands out', () => {
  it('are all regular files of a layer, whole, whatever their size, and what is left out is told', async () => {
    const kept = new KeptFiles();
    const tree = {
      'etc/': '',
      'etc/a': 'first',
      'etc/empty': '',
      'etc/link': { type: 'symlink', linkTarget: 'a' },
      'etc/.wh.whiteout': 'with content',
      'usr/large': 'y'.repeat(7 * mebibyte),
      'usr/too-large': 'z'.repeat(9 * mebibyte),
    } as const;
    const left = await pool.giveFiles(stored(buildLayer(tree)), { receiver: kept, limits }, never);
    expect(left).toMatchObject([{ code: 'limit:file', path: 'usr/too-large', fileCount: 1 }]);
    expect(kept.texts).toEqual({
      'etc/a': 'first',
      'etc/.wh.whiteout': 'with content',
      'usr/large': 'y'.repeat(7 * mebibyte),
    });
    await expectNextRead();
    expect(pool.processIds).toHaveLength(1);
  });

  it('end where the layer breaks off, which is told (threats.md D2)', async () => {
    const kept = new KeptFiles();
    const torn = { ...large, bytes: large.bytes.subarray(0, large.bytes.length / 2) };
    const left = await pool.giveFiles(stored(torn), { receiver: kept, limits }, never);
    expect(left).toMatchObject([{ code: 'truncated', fileCount: 0 }]);
    expect(kept.texts['a']).toBe('first');
    expect(kept.texts).not.toHaveProperty('c');
    await expectNextRead();
  });

  it('stop with an error when the process is killed in their midst, and the next layer is read (threats.md F26)', async () => {
    const kept = new KeptFiles(async () => {
      for (const pid of pool.processIds) process.kill(pid, 'SIGKILL');
    });
    const reading = pool.giveFiles(stored(large), { receiver: kept, limits }, never);
    await expect(reading).rejects.toMatchObject({ name: 'InspectionError', failure: 'crashed' });
    await expectNextRead();
  });

  it('stop with what the receiver throws, with what the source throws, and with an abort', async () => {
    const failure = new Error('no more');
    const refusing = new KeptFiles(() => Promise.reject(failure));
    await expect(pool.giveFiles(stored(large), { receiver: refusing, limits }, never)).rejects.toBe(failure);
    const breaks = stored(large, async () =>
      Readable.from(
        (function* () {
          yield large.bytes.subarray(0, 50);
          throw failure;
        })(),
      ),
    );
    const kept = new KeptFiles();
    await expect(pool.giveFiles(breaks, { receiver: kept, limits }, never)).rejects.toBe(failure);
    const abort = new AbortController();
    const aborting = new KeptFiles(async () => abort.abort(failure));
    const aborted = pool.giveFiles(stored(large), { receiver: aborting, limits }, abort.signal);
    await expect(aborted).rejects.toBe(failure);
    await expectNextRead();
  });

  it('are refused out of order, unasked, and longer than they were said to be (threats.md D9)', async () => {
    const kept = new KeptFiles();
    const files = new HandedOutFiles('layer 0', kept);
    const disorder = { name: 'InspectionError', failure: 'crashed' };
    files.file({ path: 'a', sizeBytes: 3 });
    await files.piece(Buffer.from('ab'));
    expect(() => files.file({ path: 'b', sizeBytes: 1 })).toThrow(expect.objectContaining(disorder));
    await expect(files.piece(Buffer.from('cd'))).rejects.toMatchObject(disorder);
    expect(kept.texts).toEqual({ a: 'ab' });
    const unasked = new HandedOutFiles('layer 0', undefined);
    expect(() => unasked.file({ path: 'a', sizeBytes: 3 })).toThrow(expect.objectContaining(disorder));
  });

  it('take no time of the process while the receiver is not ready (threats.md F26)', async () => {
    const gate = Promise.withResolvers<void>();
    const files = new HandedOutFiles('layer 0', new KeptFiles(() => gate.promise));
    files.file({ path: 'a', sizeBytes: 3 });
    const given = files.piece(Buffer.from('abc'));
    expect(files.isWaiting).toBe(true);
    gate.resolve();
    await given;
    expect(files.isWaiting).toBe(false);
  });
});
