import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import type { JobEnqueuer, JobOptions } from '../jobs/queue.ts';
import { alpineRecord, alpineRecords } from '../testing/samples/osv-fixtures.ts';
import { useSyncHarness } from '../testing/sync-harness.ts';
import { type SyncJobOptions, syncJob, syncJobKind } from './sync-job.ts';
import { queueAdvisorySync, queueSyncAfterExpiry } from './wiring/wire-advisories.ts';

const hourMs = 3_600_000;
const harness = useSyncHarness();

function jobOptions(enqueuer: JobEnqueuer): SyncJobOptions {
  return {
    connection: harness.database,
    enqueuer,
    synchronise: async (options) => {
      const result = await harness.sync({}, options);
      return { ...result, changedAdvisories: result.changedAdvisoryIds.length };
    },
    now: () => harness.clock,
    random: () => 0.8 + Math.random() / 5, // fewer attempts in a week
    logger: pino({ level: 'silent' }),
  };
}

const context = { signal: new AbortController().signal, attempt: 1, attemptsMax: 8 };

describe('syncJob() while its mirror is away (threats.md F23)', () => {
  it('asks ever less often for a week, never later than an hour, and catches up once', {
    timeout: 60_000,
  }, async () => {
    const waiting: { payload: Readonly<Record<string, unknown>>; options: JobOptions | undefined }[] = [];
    const job = syncJob(
      jobOptions({
        enqueue: async (_transaction, _kind, payload, options) => void waiting.push({ payload, options }),
      }),
    );
    harness.mirror.set('/ecosystems.txt', 'Alpine\n');
    await job({}, context);
    expect(waiting).toEqual([]);

    harness.mirror.set('/ecosystems.txt', (_request, response) => response.writeHead(503).end());
    const start = harness.clock.getTime();
    harness.mirror.requests.length = 0;
    await job({}, context);
    const pauses: number[] = [];
    while (harness.clock.getTime() < start + 7 * 24 * hourMs) {
      const [next, ...others] = waiting.splice(0);
      expect(others).toEqual([]);
      const runAt = next?.options?.runAt ?? new Date(Number.NaN);
      pauses.push(runAt.getTime() - harness.clock.getTime());
      harness.clock = runAt;
      await job(next?.payload ?? {}, context);
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(hourMs);
    expect(pauses.slice(0, 5).every((pause, index) => pause <= 60_000 * 2 ** index)).toBe(true);
    expect(pauses.slice(7).every((pause) => pause >= hourMs / 2)).toBe(true);
    expect(new Set(pauses).size).toBe(pauses.length); // jitter
    expect(harness.mirror.requests).toHaveLength(pauses.length + 1);
    expect(await harness.idsFor('package-1001')).toHaveLength(1);
    expect(await harness.feedOf('Alpine')).toMatchObject({
      failures: pauses.length + 1,
      isUnreachable: true,
    });

    harness.mirror.set('/ecosystems.txt', 'Alpine\n');
    harness.mirror.setFolder('Alpine', [
      alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' }),
      ...alpineRecords(40),
    ]);
    harness.mirror.requests.length = 0;
    await job(waiting.splice(0)[0]?.payload ?? {}, context);
    expect(waiting).toEqual([]);
    expect(harness.mirror.requests.sort()).toEqual([
      '/Alpine/ALPINE-CVE-2024-5000.json',
      '/Alpine/modified_id.csv',
      '/CVE/all.zip',
      '/ecosystems.txt',
    ]);
    expect(await harness.feedOf('Alpine')).toMatchObject({
      recordCount: 41,
      failures: 0,
      isUnreachable: false,
    });
  });

  it('asks again only for what did not answer', async () => {
    const waiting: Readonly<Record<string, unknown>>[] = [];
    const job = syncJob(
      jobOptions({ enqueue: async (_transaction, _kind, payload) => void waiting.push(payload) }),
    );
    harness.mirror.set('/npm/all.zip', (_request, response) => response.writeHead(503).end());
    harness.mirror.set('/Alpine/all.zip', '<html>'); // refused: it needs no early attempt
    await job({}, context);
    expect(waiting).toEqual([{ only: ['npm'] }]);
    harness.mirror.requests.length = 0;
    await job(waiting[0] ?? {}, context);
    expect(harness.mirror.requests).toEqual(['/ecosystems.txt', '/npm/all.zip']);
  });
});

describe('what asks for a synchronisation (pains.md 24)', () => {
  let replicas: GraphileQueue[] = [];
  afterEach(async () => {
    for (const queue of replicas.splice(0)) await queue.stop();
  });

  async function startReplicas(): Promise<void> {
    replicas = [0, 1].map(() => new GraphileQueue({ connection: harness.database }));
    for (const queue of replicas)
      await queue.start({ handlers: { [syncJobKind]: syncJob(jobOptions(queue)) }, concurrency: 2 });
  }

  async function allJobsDone(): Promise<void> {
    const jobs = () => harness.database.pool.query('select from graphile_worker.jobs');
    await expect.poll(async () => (await jobs()).rowCount, { timeout: 10_000 }).toBe(0);
  }

  const each = (work: (queue: GraphileQueue) => Promise<void>) =>
    Promise.all(
      Array.from({ length: 50 }, (_, index) => replicas[index % 2]).flatMap((queue) =>
        queue ? work(queue) : [],
      ),
    );

  it('is 50 scans on two replicas after expiry: each file is read once', async () => {
    await harness.acknowledged(await harness.sync());
    harness.clock = new Date(harness.clock.getTime() + 25 * hourMs);
    harness.mirror.requests.length = 0;
    await startReplicas();
    const scans = () => each((queue) => queueSyncAfterExpiry(queue, harness.database, harness.clock));
    await scans();
    await allJobsDone();
    await scans();
    await allJobsDone();
    const asked = harness.mirror.requests.filter((line) => line.startsWith('/'));
    expect(asked.sort()).toEqual([
      '/Alpine/modified_id.csv',
      '/CVE/all.zip',
      '/ecosystems.txt',
      '/npm/modified_id.csv',
    ]);
  });

  it('is 50 people on two replicas while one runs: what runs is what they get', async () => {
    const ask = (queue: GraphileQueue) =>
      harness.database.db.transaction().execute((transaction) => queueAdvisorySync(queue, transaction));
    let asked: Promise<unknown> | undefined;
    harness.mirror.set('/ecosystems.txt', async (_request, response) => {
      asked ??= each(ask);
      await asked;
      response.writeHead(200).end('Alpine\nnpm\n');
    });
    await startReplicas();
    await each(ask);
    await allJobsDone();
    expect(asked).toBeDefined();
    expect(harness.mirror.requests.filter((path) => path === '/Alpine/all.zip')).toHaveLength(1);
    expect(harness.mirror.requests.filter((path) => path === '/ecosystems.txt')).toHaveLength(1);
  });
});
