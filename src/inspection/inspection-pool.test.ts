import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tarHeader, tarTrailer } from '../bytes/tar-writer.ts';
import { type BuiltLayer, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { inspectLayer } from './image/inspect-layer.ts';
import { InspectionError } from './inspection-error.ts';
import type { InspectionLimits } from './inspection-limits.ts';
import { InspectionPool, InspectionsClosedError } from './inspection-pool.ts';
import { unpackReport } from './packed-report.ts';
import { probe } from './scan-probe.ts';

const mebibyte = 1024 ** 2;
const hostileProbe = fileURLToPath(new URL('../testing/samples/hostile-probe.ts', import.meta.url));
const never = new AbortController().signal;
const alpine = buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }));

let pool: InspectionPool;
afterEach(() => pool.close());

function hostilePool(limits: Partial<InspectionLimits> = {}): InspectionPool {
  pool = new InspectionPool({
    limits: { memoryBytesMax: 256 * mebibyte, ...limits },
    probeModule: hostileProbe,
  });
  return pool;
}

const stored = (layer: BuiltLayer, open = async () => Readable.from([layer.bytes])) => ({
  digest: layer.digest,
  index: 2,
  open,
});
const deed = (...names: readonly string[]) =>
  buildLayer(Object.fromEntries(names.map((name) => [`hostile/${name}`, 'x'])));
const harmless = deed('nothing');

const failureOf = async (inspection: Promise<unknown>) => {
  const error = await inspection.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InspectionError)) throw new Error('it must fail as an inspection', { cause: error });
  return { failure: error.failure, message: error.message };
};
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('InspectionPool', () => {
  it('gives the report that reading the layer here gives', async () => {
    pool = new InspectionPool();
    const packed = await pool.inspectLayer(stored(alpine), never);
    const report = await inspectLayer({ open: async () => Readable.from([alpine.bytes]), probe });
    expect(packed.diffId).toBe(alpine.diffId);
    expect(await unpackReport(packed.bytes)).toEqual(report);
  });

  it('reads a layer a second time for a link to a file that was not read', async () => {
    pool = new InspectionPool();
    const installed = alpineFiles({ musl: '1.1.16-r10' })['lib/apk/db/installed'] ?? '';
    const linked = buildLayer({
      'var/kept': installed,
      'lib/apk/db/installed': { type: 'hardlink', linkTarget: 'var/kept' },
    });
    const opened = vi.fn(async () =>
      Readable.from([linked.bytes.subarray(0, 100), linked.bytes.subarray(100)]),
    );
    const packed = await pool.inspectLayer(stored(linked, opened), never);
    expect(opened).toHaveBeenCalledTimes(2);
    const { files } = await unpackReport(packed.bytes);
    expect(files).toMatchObject([{ path: 'lib/apk/db/installed', found: [{ name: 'musl' }] }]);
  });

  it('says that a layer is broken, and reads the next one after it', async () => {
    pool = new InspectionPool({ limits: { processes: 1 } });
    const torn = { ...alpine, bytes: alpine.bytes.subarray(0, alpine.bytes.length - 20) };
    // More than a pipe holds follows the place where the reader gives up.
    const wrong = Buffer.concat([Buffer.from('no layer'), Buffer.alloc(4 * mebibyte, 1)]);
    expect((await pool.inspectLayer(stored(torn), never)).incomplete).toMatchObject({ code: 'truncated' });
    const broken = await pool.inspectLayer(stored({ ...alpine, bytes: wrong }), never);
    expect(broken.incomplete).toBeDefined();
    expect((await pool.inspectLayer(stored(alpine), never)).diffId).toBe(alpine.diffId);
    expect(pool.processIds).toHaveLength(1);
  });

  it('throws what the source throws, at its opening and in its midst, and keeps the process', async () => {
    pool = new InspectionPool({ limits: { processes: 1 } });
    const gone = new Error('the disk is gone');
    const shut = stored(alpine, () => Promise.reject(gone));
    const breaks = stored(alpine, async () =>
      Readable.from(
        (function* () {
          yield alpine.bytes.subarray(0, 50);
          throw gone;
        })(),
      ),
    );
    await expect(pool.inspectLayer(shut, never)).rejects.toBe(gone);
    await expect(pool.inspectLayer(breaks, never)).rejects.toBe(gone);
    expect((await pool.inspectLayer(stored(alpine), never)).diffId).toBe(alpine.diffId);
    expect(pool.processIds).toHaveLength(1);
  });

  it('lays reports on one another: packages, secrets and what becomes of files', async () => {
    pool = new InspectionPool();
    const upper = buildLayer({ 'lib/apk/db/.wh.installed': '' });
    const packed = await Promise.all([alpine, upper].map((layer) => pool.inspectLayer(stored(layer), never)));
    const layers = [alpine, upper].map(({ digest, diffId }, index) => ({ digest, diffId, index }));
    const request = {
      image: { layers, configTexts: [] },
      files: [{ path: 'lib/apk/db/installed', layerIndex: 0 }],
      now: '2020-06-01T00:00:00.000Z',
    };
    const reports = packed.map(({ bytes }) => bytes);
    const [first] = reports;
    const lower = { ...request, image: { ...request.image, layers: layers.slice(0, 1) }, files: [] };
    const below = await pool.combineLayers(first === undefined ? [] : [first], lower, never);
    expect(below.inventory.packages.map(({ package: { name } }) => name)).toEqual(['musl', 'zlib']);
    expect(below.inventory.newestAt).toBeInstanceOf(Date);
    const combined = await pool.combineLayers(reports, request, never);
    expect(combined).toMatchObject({
      incomplete: [],
      inventory: { packages: [] },
      secrets: { outcome: 'scanned', findings: [] },
      fates: [{ kind: 'deleted', byLayer: 1 }],
    });
  });

  it.each(['table', 'objects', 'json', 'buffers', 'one-buffer'])(
    'ends a layer that exhausts memory by %s, and reads the next one (threats.md F26, D9)',
    async (name) => {
      hostilePool();
      expect(await failureOf(pool.inspectLayer(stored(deed(name)), never))).toEqual({
        failure: 'memory',
        message: expect.stringContaining(`Cannot inspect layer 2 (${deed(name).digest}): `),
      });
      expect((await pool.inspectLayer(stored(harmless), never)).diffId).toBe(harmless.diffId);
    },
  );

  it('ends a layer with a package database that needs more memory than there is (threats.md F26, D2)', async () => {
    pool = new InspectionPool({ limits: { memoryBytesMax: 256 * mebibyte } });
    const sizeBytes = 255 * mebibyte;
    const open = async () =>
      Readable.from(
        (function* () {
          yield tarHeader({ path: 'var/lib/rpm/Packages', type: 'file', sizeBytes, modifiedAtMs: 0 });
          for (let index = 0; index < 255; index += 1) yield Buffer.alloc(mebibyte, index);
          yield tarTrailer();
        })(),
      );
    expect(await failureOf(pool.inspectLayer(stored(alpine, open), never))).toMatchObject({
      failure: 'memory',
    });
    expect((await pool.inspectLayer(stored(alpine), never)).diffId).toBe(alpine.diffId);
  });

  it.each(['loop', 'native'])(
    'ends a layer whose reader hangs in a %s, and reads the next one (threats.md F26, D9)',
    async (name) => {
      hostilePool({ stallSecondsMax: 1 });
      const failed = await failureOf(pool.inspectLayer(stored(deed(name)), never));
      expect(failed).toMatchObject({ failure: 'stalled', message: expect.stringContaining('1 s of work') });
      expect((await pool.inspectLayer(stored(harmless), never)).diffId).toBe(harmless.diffId);
    },
  );

  it('ends a layer that comes further, but takes too long for its bytes (threats.md D9)', async () => {
    hostilePool({ workSecondsMax: 2 });
    const drip = deed(...Array.from({ length: 20 }, (_, index) => `slow-${index}`));
    expect(await failureOf(pool.inspectLayer(stored(drip), never))).toMatchObject({ failure: 'time' });
  });

  it('does not count the time that a source takes', async () => {
    hostilePool({ stallSecondsMax: 1, workSecondsMax: 2 });
    await pool.inspectLayer(stored(harmless), never);
    const open = async () =>
      Readable.from(
        (async function* () {
          await new Promise((resolve) => setTimeout(resolve, 3_000));
          yield harmless.bytes;
        })(),
      );
    expect((await pool.inspectLayer(stored(harmless, open), never)).diffId).toBe(harmless.diffId);
  });

  it.each([
    ['abort', 'crashed'],
    ['exit', 'crashed'],
    ['chatter', 'answer'],
  ])('ends a layer whose reader does %s, and reads the next one (threats.md F26)', async (name, failure) => {
    hostilePool();
    expect(await failureOf(pool.inspectLayer(stored(deed(name)), never))).toMatchObject({ failure });
    expect((await pool.inspectLayer(stored(harmless), never)).diffId).toBe(harmless.diffId);
  });

  it('ends at once when it is cancelled, running or waiting, and leaves no process', async () => {
    hostilePool({ processes: 1 });
    const abort = new AbortController();
    const running = pool.inspectLayer(stored(deed('loop')), abort.signal);
    const waiting = pool.inspectLayer(stored(harmless), abort.signal);
    await expect.poll(() => pool.processIds).toHaveLength(1);
    const [pid = 0] = pool.processIds;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const reason = new Error('nobody wants it');
    abort.abort(reason);
    const refused = { status: 'rejected', reason };
    expect(await Promise.allSettled([running, waiting])).toEqual([refused, refused]);
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect((await pool.inspectLayer(stored(harmless), never)).diffId).toBe(harmless.diffId);
  });

  it('bounds processes and memory when 50 layers come at once (threats.md F26)', async () => {
    hostilePool({ processes: 2 });
    let processesMax = 0;
    let residentBytesMax = 0;
    const watch = setInterval(() => {
      const pids = pool.processIds;
      processesMax = Math.max(processesMax, pids.length);
      residentBytesMax = Math.max(
        residentBytesMax,
        pids.map(residentBytesOf).reduce((sum, bytes) => sum + bytes, 0),
      );
    }, 20);
    const names = Array.from({ length: 50 }, (_, index) => (index % 25 === 7 ? 'buffers' : 'nothing'));
    const outcomes = await Promise.allSettled(
      names.map((name) => pool.inspectLayer(stored(deed(name)), never)),
    );
    clearInterval(watch);
    expect(outcomes.map(({ status }) => status)).toEqual(
      names.map((name) => (name === 'buffers' ? 'rejected' : 'fulfilled')),
    );
    expect(processesMax).toBeGreaterThan(0);
    expect(processesMax).toBeLessThanOrEqual(2);
    // Between two looks at a process, 100 ms, it may go above its limit.
    expect(residentBytesMax).toBeLessThan(2 * 2 * 256 * mebibyte);
  });

  it('keeps no process for long that has nothing to do', async () => {
    hostilePool({ idleMs: 200 });
    await pool.inspectLayer(stored(harmless), never);
    await expect.poll(() => pool.processIds).toEqual([]);
  });

  it('close() ends what runs and what waits', async () => {
    hostilePool({ processes: 1 });
    const inspections = [deed('loop'), harmless].map((layer) =>
      pool.inspectLayer(stored(layer), never).catch((error: unknown) => error),
    );
    await expect.poll(() => pool.processIds).toHaveLength(1);
    await pool.close();
    expect(pool.processIds).toEqual([]);
    const [running, waiting] = await Promise.all(inspections);
    expect(running).toBeInstanceOf(InspectionsClosedError);
    expect(waiting).toBeInstanceOf(InspectionsClosedError);
    await expect(pool.inspectLayer(stored(harmless), never)).rejects.toThrow(InspectionsClosedError);
  });

  it.each(['nothing', 'loop'])(
    'leaves no process behind when its own is killed while one does %s (threats.md F26)',
    async (name) => {
      hostilePool();
      const script = fileURLToPath(new URL('../testing/inspect-and-wait.ts', import.meta.url));
      const server = spawn(process.execPath, [script, hostileProbe, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      expect(isAlive(pid)).toBe(true);
      server.kill('SIGKILL');
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000, interval: 200 });
    },
    90_000,
  );
});

function residentBytesOf(pid: number): number {
  if (!isAlive(pid)) return 0;
  const [, kilobytes = '0'] =
    /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
