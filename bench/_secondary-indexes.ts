import type pg from 'pg';

/**
 * An index that is made at once costs a fraction of one that grows row by row. Of all tables where none are named.
 * Returns the statements that make them again.
 */
export async function dropSecondaryIndexes(
  client: pg.PoolClient,
  tables?: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and not i.indisunique
      and ($1::text[] is null or i.indrelid::regclass::text = any($1))`,
    [tables ?? null],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}
