import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { InspectionLimits } from '../inspection/inspection-limits.ts';
import { InspectionPool } from '../inspection/inspection-pool.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { cancelScan } from './queue-scan.ts';
import { readReportDetails } from './reports/report-details.ts';

/** `npm run soak:inspections` takes more. */
const killsMax = Number(process.env['PRATIQUE_TEST_KILLS'] ?? 8);
const base = buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }));
const hostileProbe = fileURLToPath(new URL('../testing/samples/hostile-probe.ts', import.meta.url));
const memoryBytesMax = 256 * 1024 ** 2;

let harness: ScanHarness;
let namespaceId: number;
afterEach(() => harness.close());

async function start(inspections: InspectionPool): Promise<void> {
  harness = await ScanHarness.start(undefined, inspections);
  namespaceId = await harness.addNamespace('demo');
}

async function startHostile(limits: Partial<InspectionLimits> = {}): Promise<void> {
  await start(
    new InspectionPool({
      probeModule: hostileProbe,
      limits: { memoryBytesMax, ...limits },
    }),
  );
}

const hostile = (deed: string) => buildImage({ layers: [base, { [`hostile/${deed}`]: 'x' }] });

describe('a scan', () => {
  it.each([
    [
      'table',
      {},
      /^Cannot inspect layer 1 \(sha256:[0-9a-f]{64}\): it takes more .*memory.* \(after 3 attempts\)$/,
    ],
    [
      'loop',
      { stallSecondsMax: 1 },
      /^Cannot inspect layer 1 \(sha256:[0-9a-f]{64}\): it comes no further: nothing was done in 1 s/,
    ],
    ['abort', {}, /^Cannot inspect layer 1 \(sha256:[0-9a-f]{64}\): its process ended \(SIGABRT\)/],
  ])(
    'of a layer whose reader does %s is tried three times, then parked as failed, and others go on (threats.md F26, D9)',
    async (deed, limits, reason) => {
      await startHostile(limits);
      const bad = hostile(deed);
      const good = hostile('nothing');
      for (const image of [bad, good]) await harness.push(namespaceId, image, { tag: '' });
      const others = harness.scan(good.digest);
      for (const attempt of [1, 2]) {
        await expect(harness.scan(bad.digest, attempt)).rejects.toThrow('Cannot inspect layer 1');
        expect(await harness.scanRow(bad.digest)).toMatchObject({ state: 'queued', problem: null });
      }
      await harness.scan(bad.digest, 3);
      await others;
      const failed = { phase: 'read-layer', reason: expect.stringMatching(reason) };
      expect(await harness.facts.factsOf(bad.digest)).toMatchObject({
        judged: false,
        states: {
          vulnerabilities: { state: 'failed', problem: failed },
          secrets: { state: 'failed', problem: failed },
        },
      });
      expect(await harness.scanRow(good.digest)).toMatchObject({ state: 'scanned' });
    },
  );

  it('is cancelled while its layer is read by a loop', async () => {
    await startHostile({ processes: 1, stallSecondsMax: 600 });
    await harness.work();
    const image = hostile('loop');
    const { promise: reading, resolve: begin } = Promise.withResolvers<void>();
    harness.onRead = async (digest) => {
      if (digest !== base.digest && digest !== image.configDigest) begin();
    };
    await harness.push(namespaceId, image);
    await reading;
    await cancelScan(harness.database.db, harness.queue, image.digest);
    await expect.poll(async () => (await harness.scanRow(image.digest)).state).toBe('cancelled');
    await expect.poll(() => harness.inspections.processIds).toEqual([]);
  });

  it(
    `ends in a right state when its process is killed ${killsMax} times, and its result is right (threats.md F26)`,
    async () => {
      await start(new InspectionPool());
      const outcomes = new Map<string, number>();
      for (let kill = 0; kill < killsMax; kill += 1) {
        const images = ['a', 'b'].map((name) =>
          buildImage({ layers: [base, { [`srv/${name}-${kill}`]: String(kill) }] }),
        );
        for (const image of images) await harness.push(namespaceId, image, { tag: '' });
        const scans = images.map(({ digest }) =>
          harness.scan(digest, 1).then(
            () => 'scanned',
            (error: unknown) => String(error),
          ),
        );
        const stop = killSome(harness.inspections, 5 + Math.random() * 150);
        const ends = await Promise.all(scans);
        await stop();
        for (const [index, { digest }] of images.entries()) {
          const { state } = await harness.scanRow(digest);
          const end = ends[index] ?? '';
          outcomes.set(state, (outcomes.get(state) ?? 0) + 1);
          if (end === 'scanned') expect(state).toBe('scanned');
          else {
            expect(end).toMatch(/Cannot inspect .*: its process ended \(SIGKILL\)/);
            expect(state).toBe('queued');
            await harness.scan(digest, 2);
          }
          expect(await harness.facts.factsOf(digest)).toMatchObject({
            states: { vulnerabilities: { lastResult: { state: 'scanned' } } },
            packages: [],
          });
          expect(await packageCount(digest)).toBe(2);
        }
      }
      expect(outcomes.get('queued') ?? 0).toBeGreaterThan(0);
    },
    60_000 + killsMax * 10_000,
  );
});

/** Kills the first process that there is, a while after it is there. Call the result when the scans are over. */
function killSome(inspections: InspectionPool, afterMs: number): () => Promise<void> {
  const over = new AbortController();
  const killing = (async () => {
    while (!over.signal.aborted) {
      const [pid] = inspections.processIds;
      if (pid === undefined) await sleep(1);
      else {
        await sleep(afterMs);
        if (inspections.processIds.includes(pid)) process.kill(pid, 'SIGKILL');
        return;
      }
    }
  })();
  return async () => {
    over.abort();
    await killing;
  };
}

async function packageCount(digest: string): Promise<number | undefined> {
  const report = await readReportDetails(harness.reports, digest);
  return report?.packages.length;
}
