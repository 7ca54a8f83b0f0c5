import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createTemporaryDatabase } from '../testing/temporary-database.ts';

const migration = new URL('migrations/0028-match-details.sql', import.meta.url);

/** What the migrations before left, and this one took away. */
const undone = `
  drop view package_match; drop table stored_match; drop table match_detail;
  drop index package_advised_name, advisory_dates, advisory_package_release; drop function advised_name;
  alter table match_change add foreign key (package_id) references package on delete cascade;
  alter table changed_package add foreign key (package_id) references package on delete cascade;
  create table package_match (
    package_id int not null references package on delete cascade, vulnerability_id text not null,
    advisory_id text not null, status text not null, aliases text[] not null, severity text not null,
    fixed_version text, fix_state text not null, first_seen_at timestamptz not null default now(),
    resolved_at timestamptz, source_severities int, primary key (package_id, vulnerability_id))`;

const columns = `package_id, vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
  fix_state, first_seen_at, resolved_at`;

test('the migration that keeps apart what is said and of which package keeps every match as it was', async () => {
  const database = await createTemporaryDatabase();
  try {
    const { pool } = database;
    const read = async () =>
      (await pool.query(`select ${columns} from package_match order by package_id, vulnerability_id`)).rows;
    await pool.query(undone);
    await pool.query(`
      insert into package (ecosystem, release, name, version, source_name, source_version, module)
      select 'Alpine', 'v3.6', 'musl', n, 'musl', n, '' from generate_series(1, 40) n;
      insert into package_match (${columns})
      select p.id, 'CVE-' || v, 'A-' || v, case when v = 3 then 'undetermined' else 'affected' end,
        case when v = 2 then '{}' else array['GHSA-' || v] end, 'low', nullif(v * (p.id % 3), 0),
        case when v = 1 then p.version end, 'fixed', '2026-01-01'::timestamptz + p.id * interval '1 day',
        case when p.id % 7 = 0 then '2026-03-01'::timestamptz end
      from package p cross join generate_series(1, 3) v`);
    const before = await read();
    const sql = await readFile(migration, 'utf8');
    await expect(pool.query(`begin; ${sql}; select 1 / 0`)).rejects.toThrow('division by zero');
    await pool.query('rollback');
    expect(await read()).toEqual(before);
    await pool.query(`begin; ${sql}; commit`);
    expect(before).toHaveLength(120);
    expect(await read()).toEqual(before);
  } finally {
    await database.drop();
  }
});
