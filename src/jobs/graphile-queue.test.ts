import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { GraphileQueue } from './graphile-queue.ts';
import type { JobHandler, JobOptions } from './queue.ts';

let database: TemporaryDatabase;
const queues: GraphileQueue[] = [];

beforeEach(async () => {
  database = await createTemporaryDatabase();
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop()));
  await database.drop();
});

async function startQueue(work: JobHandler): Promise<GraphileQueue> {
  const queue = new GraphileQueue({ connection: database });
  queues.push(queue);
  await queue.start({ handlers: { work }, concurrency: 1 });
  return queue;
}

async function add(
  queue: GraphileQueue,
  payload: Record<string, unknown>,
  options: JobOptions = {},
): Promise<void> {
  await database.db
    .transaction()
    .execute((transaction) => queue.enqueue(transaction, 'work', payload, options));
}

async function waiting(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('select count(*) from graphile_worker.jobs');
  return rows[0]?.count ?? 0;
}

/** The database breaks off every connection and takes no other until `work` is done. */
async function whileNobodyConnects(work: () => Promise<void>): Promise<void> {
  const other = new pg.Client({ ...database.config, database: 'postgres' });
  await other.connect();
  const name = String(database.config.database);
  await other.query(`alter database ${pg.escapeIdentifier(name)} allow_connections false`);
  await other.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  try {
    await work();
  } finally {
    await other.query(`alter database ${pg.escapeIdentifier(name)} allow_connections true`);
    await other.end();
  }
}

describe('GraphileQueue', () => {
  it('runs a job once its transaction has committed, and leaves none when it rolls back', async () => {
    const seen: unknown[] = [];
    const queue = await startQueue(async (payload) => {
      seen.push(payload);
    });
    const rolledBack = database.db.transaction().execute(async (transaction) => {
      await queue.enqueue(transaction, 'work', { n: 1 });
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await add(queue, { n: 2 });
    await vi.waitFor(() => expect(seen).toEqual([{ n: 2 }]), { timeout: 60_000 });
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 60_000 });
  });

  it('keeps one waiting job per key, the last one, and runs the lowest priority first', async () => {
    const queue = new GraphileQueue({ connection: database });
    await add(queue, { n: 1 }, { key: 'k' });
    await add(queue, { n: 2 }, { key: 'k' });
    await add(queue, { n: 3 }, { priority: -1 });
    const seen: unknown[] = [];
    await startQueue(async (payload) => {
      seen.push(payload['n']);
    });
    await vi.waitFor(() => expect(seen).toEqual([3, 2]), { timeout: 60_000 });
  });

  it('repeats a failed job with a growing delay, until the attempts are used up', async () => {
    const seen: number[] = [];
    const troubles: string[] = [];
    const queue = new GraphileQueue({ connection: database, onTrouble: (message) => troubles.push(message) });
    queues.push(queue);
    const work: JobHandler = async (_payload, { attempt, attemptsMax }) => {
      seen.push(attempt);
      throw new Error(`no ${attempt} of ${attemptsMax}`);
    };
    await queue.start({ handlers: { work }, concurrency: 1 });
    await add(queue, {}, { attemptsMax: 2 });
    const later = await vi.waitFor(
      async () => {
        const { rows } = await database.pool.query(
          'select extract(epoch from run_at - updated_at)::float as delay, last_error from graphile_worker.jobs where attempts = 1 and locked_at is null',
        );
        expect(rows).toHaveLength(1);
        return rows[0];
      },
      { timeout: 60_000 },
    );
    expect(later.delay).toBeGreaterThan(1.5);
    await database.pool.query(
      'select graphile_worker.reschedule_jobs(array_agg(id), run_at => now()) from graphile_worker.jobs',
    );
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 60_000 });
    await sleep(50);
    expect(await waiting()).toBe(1);
    expect(troubles).toEqual([
      'job "work" failed, attempt 1 of 2: no 1 of 2',
      'job "work" failed, attempt 2 of 2: no 2 of 2',
    ]);
  });

  it('runs kinds that have workers of their own while others take every place (threats.md F27)', async () => {
    const { promise: going, resolve: go } = Promise.withResolvers<void>();
    const scans = await startQueue(() => going);
    const seen: unknown[] = [];
    const deliveries = new GraphileQueue({ connection: database });
    queues.push(deliveries);
    const deliver: JobHandler = async (payload) => {
      seen.push(payload['n']);
      if (payload['n'] === 1) await going;
    };
    await deliveries.start({ handlers: { deliver }, concurrency: 2 });
    await database.pool.query(
      `select graphile_worker.add_job('work', '{}'::json) from generate_series(1, 2000)`,
    );
    await database.db.transaction().execute(async (transaction) => {
      for (const n of [1, 2, 3]) await scans.enqueue(transaction, 'deliver', { n }, { priority: 100 });
    });
    try {
      await vi.waitFor(() => expect(seen.toSorted()).toEqual([1, 2, 3]), { timeout: 60_000 });
    } finally {
      await database.pool.query(
        `select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker.jobs where locked_at is null`,
      );
      go();
    }
  });

  it('cancels a waiting job, and a running job on another server at once', async () => {
    const aborted: unknown[] = [];
    await startQueue(async (payload, { signal }) => {
      await sleep(600_000, undefined, { signal }).catch((error: unknown) => {
        aborted.push(payload['n']);
        throw error;
      });
    });
    const other = new GraphileQueue({ connection: database });
    await add(other, { n: 1 }, { key: 'running' });
    await vi.waitFor(
      async () => {
        const { rows } = await database.pool.query(
          'select from graphile_worker.jobs where locked_at is not null',
        );
        expect(rows).toHaveLength(1);
      },
      { timeout: 60_000 },
    );
    await add(other, { n: 2 }, { key: 'waiting' });
    await other.cancel('waiting');
    await other.cancel('running');
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 60_000 });
    expect(aborted).toEqual([1]);
  });

  it('stop() interrupts a running job without counting the attempt', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const queue = await startQueue(async (_payload, { signal }) => {
      start();
      await sleep(600_000, undefined, { signal });
    });
    await add(queue, {});
    await started;
    await queue.stop();
    const { rows } = await database.pool.query(
      'select attempts, locked_by, run_at <= now() as due from graphile_worker.jobs',
    );
    expect(rows).toEqual([{ attempts: 0, locked_by: null, due: true }]);
  });

  it('runs the job of a killed server again, and leaves the job of a living one alone', async () => {
    const seen: unknown[] = [];
    const busy = await startQueue(async (payload, { signal }) => {
      seen.push(payload['n']);
      if (payload['n'] === 1) await sleep(600_000, undefined, { signal }).catch(() => {});
    });
    await add(busy, { n: 1 });
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 60_000 });
    await database.pool.query(
      `select graphile_worker.add_job('work', '{"n":2}'::json);
       update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now(), attempts = 1 where locked_by is null`,
    );
    await startQueue(async (payload) => {
      seen.push(payload['n']);
    });
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 60_000 });
  });

  it('runs the job of a server that stands still again, though its connection is open (threats.md F16)', async () => {
    const frozen = new pg.Client({ ...database.config, application_name: 'pratique queue pool-frozen' });
    await frozen.connect();
    await database.pool.query(
      `select graphile_worker.add_job('work', '{"n":1}'::json);
       update graphile_worker._private_jobs set locked_by = 'pool-frozen', locked_at = now(), attempts = 1`,
    );
    const seen: unknown[] = [];
    const liveness = { silenceMsMax: 2_500, lookIntervalMs: 300 };
    const queue = new GraphileQueue({ connection: database, ...liveness });
    queues.push(queue);
    const startedMs = performance.now();
    const work: JobHandler = async (payload) => {
      seen.push(payload['n']);
    };
    await queue.start({ handlers: { work }, concurrency: 1 });
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 60_000 });
    expect(performance.now() - startedMs).toBeGreaterThan(2_000);
    await frozen.end();
  });

  it('goes on after an outage in which several jobs ended (threats.md F8)', async () => {
    const troubles: string[] = [];
    const queue = new GraphileQueue({
      connection: database,
      lookIntervalMs: 200,
      onTrouble: (message) => troubles.push(message),
    });
    queues.push(queue);
    const runs: unknown[] = [];
    const [outage, outageOver] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await queue.start({
      handlers: {
        work: async ({ n }) => {
          runs.push(n);
          if (runs.length > 3) return;
          await outage.promise;
          if (n === 3) return await outageOver.promise;
          // While the end of one is being written, in vain, the next one ends.
          await sleep(20 * Number(n));
          throw new Error('no database');
        },
      },
      concurrency: 3,
    });
    for (const n of [1, 2, 3]) await add(queue, { n });
    await vi.waitFor(() => expect(runs).toHaveLength(3), { timeout: 60_000 });
    await whileNobodyConnects(async () => {
      outage.resolve();
      await vi.waitFor(() => expect(troubles.join()).toContain('Failed to fail jobs'), { timeout: 60_000 });
      await sleep(100);
    });
    outageOver.resolve();
    await vi.waitFor(() => expect(troubles.join()).toContain('started again'), { timeout: 60_000 });
    await vi.waitFor(() => add(queue, { n: 4 }), { timeout: 60_000 });
    await vi.waitFor(() => expect(runs.toSorted()).toEqual([1, 1, 2, 2, 3, 4]), { timeout: 60_000 });
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 60_000 });
  }, 60_000);

  it('does not end a job that another server has taken over meanwhile (threats.md F16)', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: going, resolve: go } = Promise.withResolvers<void>();
    const queue = await startQueue(async () => {
      start();
      await going;
    });
    await add(queue, {});
    await started;
    await database.pool.query(
      `update graphile_worker._private_jobs set locked_by = 'pool-other', attempts = 2`,
    );
    go();
    await queue.stop();
    const { rows } = await database.pool.query('select attempts, locked_by from graphile_worker.jobs');
    expect(rows).toEqual([{ attempts: 2, locked_by: 'pool-other' }]);
  });
});
