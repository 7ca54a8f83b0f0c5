import type pg from 'pg';

/** Of smaller tables every plan is a good one. */
const bytesMin = 1_000_000;

/**
 * Analyses the tables that PostgreSQL knows nothing of: after a first import, a restore or an upgrade of PostgreSQL there are no
 * statistics until autovacuum comes by, and a lookup of a few rows may read millions. Returns their names; costs a
 * millisecond where there are none.
 */
export async function analyzeUnknownTables(pool: Pick<pg.Pool, 'query'>): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.relname as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and pg_relation_size(c.oid) > $1
       and not exists (select from pg_stats s where s.schemaname = 'public' and s.tablename = c.relname)
       -- Of a table whose rows are all gone, none come of it either.
       and pg_stat_get_last_analyze_time(c.oid) is null and pg_stat_get_last_autoanalyze_time(c.oid) is null
     order by 1`,
    [bytesMin],
  );
  for (const { name } of rows) await pool.query(`analyze public."${name}"`);
  return rows.map(({ name }) => name);
}
