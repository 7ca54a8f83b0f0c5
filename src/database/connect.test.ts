import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { connectDatabase } from './connect.ts';
import { DatabaseBusyError, isDatabaseUnavailable } from './is-unavailable.ts';
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
      turns.run(new Turn({ rank, patienceMs: 60_000 }), async () => {
        await connection.pool.query('select 1');
        served.push(name);
      });
    const first = await connection.pool.connect();
    const asked = Promise.all([ask('console', 3), ask('push', 2), ask('pull a', 1), ask('pull b', 1)]);
    expect(connection.waiting()).toBe(4);
    first.release();
    await asked;
    expect(served).toEqual(['pull a', 'pull b', 'push', 'console']);
    await connection.close();
  });

  it('sheds who has waited long enough, over all queries of one request together', async () => {
    const turns = new Turns();
    const connection = connectDatabase({ ...database.config, max: 1 }, { turns });
    const turn = new Turn({ rank: 1, patienceMs: 800 });
    const first = await connection.pool.connect();
    setTimeout(() => first.release(), 300);
    await turns.run(turn, () => connection.pool.query('select 1'));
    const { patienceMs } = turn;
    expect(patienceMs).toBeLessThan(510);
    const second = await connection.pool.connect();
    const error = await failureOf(turns.run(turn, () => connection.pool.query('select 1')));
    expect(error).toHaveProperty('message', new DatabaseBusyError(Math.round(patienceMs)).message);
    expect(error).toMatchObject({ code: 'database_busy' });
    expect(isDatabaseUnavailable(error)).toBe(true);
    second.release();
    expect(await connection.pool.query('select 1')).toMatchObject({ rowCount: 1 });
    await connection.close();
  });

  it('takes queries that wait side by side for one wait', async () => {
    const turns = new Turns();
    const connection = connectDatabase({ ...database.config, max: 1 }, { turns });
    const turn = new Turn({ rank: 1, patienceMs: 60_000 });
    const first = await connection.pool.connect();
    setTimeout(() => first.release(), 200);
    const startedMs = performance.now();
    await turns.run(turn, () =>
      Promise.all([1, 2, 3, 4].map((number) => connection.pool.query('select $1', [number]))),
    );
    const waitedMs = 60_000 - turn.patienceMs;
    expect(waitedMs).toBeGreaterThan(190);
    expect(waitedMs).toBeLessThanOrEqual(performance.now() - startedMs);
    await connection.close();
  });

  it('ends a statement that takes too long, and a connection whose answer may still come is used no more', async () => {
    const impatient = connectDatabase({ ...database.config, max: 1, statement_timeout: 100 });
    const slow = await failureOf(impatient.pool.query('select pg_sleep(60)'));
    expect(slow).toMatchObject({ code: '57014' });
    expect(isDatabaseUnavailable(slow)).toBe(true);
    const connection = connectDatabase({ ...database.config, max: 1, query_timeout: 1_000 });
    const client = await connection.pool.connect();
    const silent = await failureOf(client.query('select pg_sleep(60)'));
    expect(isDatabaseUnavailable(silent)).toBe(true);
    client.release();
    // Behind the statement that still runs it would time out, too.
    expect(await connection.pool.query('select 1')).toMatchObject({ rowCount: 1 });
    await Promise.all([impatient.close(), connection.close()]);
  });

  it('tells "not now" from a bug', async () => {
    const other = connectDatabase({ ...database.config, database: 'none of that name', max: 1 });
    expect(isDatabaseUnavailable(await failureOf(other.pool.query('select 1')))).toBe(false);
    const nowhere = connectDatabase({ ...database.config, host: '127.0.0.1', port: 1, max: 1 });
    expect(isDatabaseUnavailable(await failureOf(nowhere.pool.query('select 1')))).toBe(true);
    const connection = connectDatabase({ ...database.config, max: 1 });
    expect(isDatabaseUnavailable(await failureOf(connection.pool.query('select none')))).toBe(false);
    const client = await connection.pool.connect();
    const cut = failureOf(client.query('select pg_sleep(61)'));
    const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
      where query = 'select pg_sleep(61)' and datname = current_database()`;
    await expect.poll(async () => (await database.pool.query(terminate)).rowCount).toBe(1);
    expect(isDatabaseUnavailable(await cut)).toBe(true);
    client.release();
    await connection.pool.query('select 1');
    await Promise.all([other.close(), nowhere.close(), connection.close()]);
  });
});
