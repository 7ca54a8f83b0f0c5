import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { connectDatabase } from './connect.ts';
import { isDatabaseUnavailable } from './is-unavailable.ts';
import { Turn, Turns } from './turns.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('connectDatabase() with turns (threats.md F10)', () => {
  it('serves who waits by rank, and those of one rank in their order', async () => {
    const turns = new Turns();
    const connection = connectDatabase({ ...database.config, max: 1 }, { turns });
    const served: string[] = [];
    const ask = (name: string, rank: number) =>
      turns.run(new Turn({ rank, patienceMs: 5_000 }), async () => {
        await connection.pool.query('select 1');
        served.push(name);
      });
    const first = connection.pool.query('select pg_sleep(0.1)');
    await Promise.all([first, ask('console', 3), ask('push', 2), ask('pull a', 1), ask('pull b', 1)]);
    expect(served).toEqual(['pull a', 'pull b', 'push', 'console']);
    await connection.close();
  });

  it('sheds who has waited long enough, over all queries of one request together', async () => {
    const turns = new Turns();
    const connection = connectDatabase({ ...database.config, max: 1 }, { turns });
    const turn = new Turn({ rank: 1, patienceMs: 300 });
    const busy = connection.pool.query('select pg_sleep(0.2)');
    await turns.run(turn, () => connection.pool.query('select 1'));
    expect(turn.patienceMs).toBeLessThan(200);
    const stillBusy = connection.pool.query('select pg_sleep(0.5)');
    const startedMs = performance.now();
    const error = await failureOf(turns.run(turn, () => connection.pool.query('select 1')));
    expect(performance.now() - startedMs).toBeLessThan(250);
    expect(error).toMatchObject({ code: 'database_busy' });
    expect(isDatabaseUnavailable(error)).toBe(true);
    await Promise.all([busy, stillBusy]);
    expect(await connection.pool.query('select 1')).toMatchObject({ rowCount: 1 });
    await connection.close();
  });

  it('takes queries that wait side by side for one wait', async () => {
    const turns = new Turns();
    const connection = connectDatabase({ ...database.config, max: 1 }, { turns });
    const turn = new Turn({ rank: 1, patienceMs: 1_000 });
    const busy = connection.pool.query('select pg_sleep(0.3)');
    await turns.run(turn, () =>
      Promise.all([1, 2, 3, 4].map((number) => connection.pool.query('select $1', [number]))),
    );
    await busy;
    expect(turn.patienceMs).toBeGreaterThan(400);
    expect(turn.patienceMs).toBeLessThan(800);
    await connection.close();
  });

  it('ends a statement that takes too long, and a connection whose answer may still come is used no more', async () => {
    const limits = { statement_timeout: 100, query_timeout: 400 };
    const connection = connectDatabase({ ...database.config, max: 1, ...limits });
    const slow = await failureOf(connection.pool.query('select pg_sleep(5)'));
    expect(slow).toMatchObject({ code: '57014' });
    expect(isDatabaseUnavailable(slow)).toBe(true);
    const client = await connection.pool.connect();
    await client.query('set statement_timeout = 0');
    const silent = await failureOf(client.query('select pg_sleep(2)'));
    expect(isDatabaseUnavailable(silent)).toBe(true);
    client.release();
    const startedMs = performance.now();
    await connection.pool.query('select 1');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    await connection.close();
  });

  it('tells "not now" from a bug', async () => {
    const other = connectDatabase({ ...database.config, database: 'none of that name', max: 1 });
    expect(isDatabaseUnavailable(await failureOf(other.pool.query('select 1')))).toBe(false);
    const nowhere = connectDatabase({ ...database.config, host: '127.0.0.1', port: 1, max: 1 });
    expect(isDatabaseUnavailable(await failureOf(nowhere.pool.query('select 1')))).toBe(true);
    const connection = connectDatabase({ ...database.config, max: 1 });
    expect(isDatabaseUnavailable(await failureOf(connection.pool.query('select none')))).toBe(false);
    const client = await connection.pool.connect();
    const cut = failureOf(client.query('select pg_sleep(5)'));
    await sleep(50);
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(5)'`,
    );
    expect(isDatabaseUnavailable(await cut)).toBe(true);
    client.release();
    await connection.pool.query('select 1');
    await Promise.all([other.close(), nowhere.close(), connection.close()]);
  });
});
