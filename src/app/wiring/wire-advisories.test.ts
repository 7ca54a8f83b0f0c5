import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { GraphileQueue } from '../../jobs/graphile-queue.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { systemClock } from '../clock.ts';
import { syncJobKind } from '../sync-job.ts';
import { queueSyncWhenDue } from './wire-advisories.ts';

const dayMs = 86_400_000;
let connection: TemporaryDatabase;

beforeAll(async () => {
  connection = await createTemporaryDatabase();
});
afterAll(() => connection.drop());
beforeEach(() => connection.pool.query('truncate feed, pending_change, graphile_worker._private_jobs'));

async function queuedJobs(): Promise<readonly string[]> {
  await queueSyncWhenDue(new GraphileQueue({ connection }), { connection });
  const { rows } = await connection.pool.query<{ task_identifier: string }>(
    'select task_identifier from graphile_worker.jobs',
  );
  return rows.map((row) => row.task_identifier);
}

async function holdFeed(ageMs: number): Promise<void> {
  const at = new Date(systemClock().getTime() - ageMs);
  await connection.db
    .insertInto('feed')
    .values({ name: 'Alpine', last_attempt_at: at, last_success_at: at })
    .execute();
}

it('queueSyncWhenDue() queues the first synchronisation, and one after a day', async () => {
  expect(await queuedJobs()).toEqual([syncJobKind]);
  await holdFeed(dayMs + 1_000);
  expect(await queuedJobs()).toEqual([syncJobKind]);
});

it('queueSyncWhenDue() queues none while the feeds are fresh', async () => {
  await holdFeed(1_000);
  expect(await queuedJobs()).toEqual([]);
});

it('queueSyncWhenDue() queues one when the last was killed before the images were judged by it', async () => {
  await holdFeed(1_000);
  await connection.db
    .insertInto('pending_change')
    .values({ kind: 'package', ecosystem: 'Alpine', name: 'musl' })
    .execute();
  expect(await queuedJobs()).toEqual([syncJobKind]);
});

it('queueSyncWhenDue() queues one when packages were matched by the rules of an older version', async () => {
  await holdFeed(1_000);
  const named = { ecosystem: 'Alpine', release: 'v3.6', name: 'musl', version: '1', module: '' };
  await connection.db
    .insertInto('package')
    .values({ ...named, source_name: 'musl', source_version: '1', matched_at: systemClock() })
    .execute();
  expect(await queuedJobs()).toEqual([syncJobKind]);
});
