import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { analyzeUnknownTables } from './missing-statistics.ts';

let database: TemporaryDatabase;

beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

it('analyzeUnknownTables() analyses once what is large and has no statistics', async () => {
  const { pool } = database;
  await pool.query('create table filled as select n as id from generate_series(1, 30000) n');
  await pool.query('create table small as select 1 as id');
  await pool.query('create table emptied as select n as id from generate_series(1, 30000) n');
  await pool.query('delete from emptied');
  expect(await analyzeUnknownTables(pool)).toEqual(['emptied', 'filled']);
  const { rows } = await pool.query(
    `select tablename, n_distinct from pg_stats where tablename in ('filled', 'small', 'emptied')`,
  );
  expect(rows).toEqual([{ tablename: 'filled', n_distinct: -1 }]);
  expect(await analyzeUnknownTables(pool)).toEqual([]);
});
