import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase } from '../database/connect.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

let database: TemporaryDatabase;
beforeEach(async () => {
  database = await createTemporaryDatabase();
});
afterEach(() => database.drop());

const query = async (sql: string) => (await database.pool.query(sql)).rows;

describe('a temporary database that is given back', () => {
  it('comes again as it was: without rows, counting from 1, with the rows that migrations make', async () => {
    const before = await query('select * from feed_sync');
    const { name } = (await query('select current_database() as name'))[0];
    await query(`insert into namespace (name) values ('a'), ('b'); delete from namespace;
      update feed_sync set ended_count = 7; delete from schema_migration;
      select graphile_worker.add_job('work', '{}'::json); analyze; create temporary table passing (n int)`);
    const straggler = connectDatabase({ ...database.config, max: 1 });
    await straggler.pool.query('select 1');
    await database.drop();
    database = await createTemporaryDatabase();
    expect(await query('select current_database() as name')).toEqual([{ name }]);
    expect(await query('select * from feed_sync')).toEqual(before);
    expect((await query('select from schema_migration')).length).toBeGreaterThan(20);
    expect(await query('select from graphile_worker.jobs')).toEqual([]);
    expect(await query(`select from pg_stats where schemaname = 'public'`)).toEqual([]);
    expect(await query(`select reltuples from pg_class where relname = 'namespace'`)).toEqual([
      { reltuples: -1 },
    ]);
    expect(await query(`insert into namespace (name) values ('c') returning id`)).toEqual([{ id: 1 }]);
    const connected = 'select count(*) from pg_stat_activity where datname = current_database()';
    expect(await query(connected)).toEqual([{ count: 1 }]);
    await straggler.close();
  });

  it.each([
    'alter table namespace add column more text',
    'alter table repository_manifest disable trigger all',
    'create table more (id int)',
    'create or replace function more() returns int language sql as $$select 1$$',
    'drop index advisory_dates',
  ])('does not come again after: %s', async (statement) => {
    const { name } = (await query('select current_database() as name'))[0];
    await query(statement);
    await database.drop();
    database = await createTemporaryDatabase();
    expect(await query('select current_database() as name')).not.toEqual([{ name }]);
  });
});
