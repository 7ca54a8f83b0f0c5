import pg from 'pg';

/** Ordinary tables and sequences of ours and of the queue. */
const ours = `join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;

/**
 * What a database is but for rows: a statement that changes tables, functions or triggers leaves rows of the catalog with
 * another xmin, more of them, or fewer.
 */
const shapeQuery = `select md5(concat_ws('|',
  (select string_agg(concat(oid, xmin), ',' order by oid) from pg_proc where oid >= 16384),
  (select string_agg(concat(oid, xmin), ',' order by oid) from pg_trigger),
  (select string_agg(concat(oid, xmin), ',' order by oid) from pg_constraint where oid >= 16384),
  (select string_agg(concat(oid, xmin), ',' order by oid) from pg_attrdef),
  (select string_agg(concat(oid, xmin), ',' order by oid) from pg_namespace where nspname not like 'pg\\_%temp\\_%'),
  (select string_agg(concat(indexrelid, xmin), ',' order by indexrelid) from pg_index where indexrelid >= 16384),
  (select string_agg(concat(attrelid, '.', attnum, xmin), ',' order by attrelid, attnum)
     from pg_attribute where attrelid >= 16384),
  (select string_agg(concat(oid, relname, reloptions), ',' order by oid) from pg_class where oid >= 16384),
  (select count(*) from pg_db_role_setting)
)) as shape`;

/** Tables that were written to or analysed, and sequences that have counted. */
const usedQuery = `select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind from pg_class c ${ours}
    and c.relkind = 'r' and (pg_relation_size(c.oid) > 0 or c.relpages <> 0 or c.reltuples <> -1)
  union all select format('%I.%I', schemaname, sequencename), 'S' from pg_sequences where last_value is not null`;

const forgetStatistics = `select pg_clear_attribute_stats(schemaname, tablename, attname, inherited) from pg_stats
  where schemaname <> 'information_schema' and schemaname not like 'pg\\_%'`;

/** How a database is that nobody has used yet. */
export interface PristineDatabase {
  readonly shape: string;
  /** Rows that migrations make, as JSON, by table. */
  readonly rows: readonly { readonly table: string; readonly json: string }[];
}

/** Describes the database before it is used; the connection may be closed afterwards. */
export async function describePristine(client: pg.ClientBase | pg.Pool): Promise<PristineDatabase> {
  const { rows: shapes } = await client.query<{ shape: string }>(shapeQuery);
  const { rows: used } = await client.query<{ name: string; kind: string }>(usedQuery);
  const rows: { table: string; json: string }[] = [];
  for (const { name } of used.filter(({ kind }) => kind === 'r')) {
    const { rows: found } = await client.query<{ json: string | null }>(
      `select json_agg(one)::text as json from ${name} one`,
    );
    rows.push({ table: name, json: found[0]?.json ?? '[]' });
  }
  return { shape: shapes[0]?.shape ?? '', rows };
}

/**
 * Ends whoever is connected to the database and brings it back to how it was. Says false where more than rows has
 * changed, or it cannot be connected to: then nobody may use it any more.
 */
export async function emptyDatabase(config: pg.ClientConfig, pristine: PristineDatabase): Promise<boolean> {
  const client = new pg.Client(config);
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(
      `select pg_terminate_backend(pid, 60000) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    const { rows: shapes } = await client.query<{ shape: string }>(shapeQuery);
    if (shapes[0]?.shape !== pristine.shape) return false;
    const { rows: used } = await client.query<{ name: string; kind: string }>(usedQuery);
    const tables = used.filter(({ kind }) => kind === 'r').map(({ name }) => name);
    const sequences = used.filter(({ kind }) => kind === 'S').map(({ name }) => name);
    await client.query(
      [
        'begin; set local session_replication_role = replica',
        forgetStatistics,
        ...(tables.length > 0 ? [`truncate ${tables.join(', ')} restart identity cascade`] : []),
        ...sequences.map((name) => `alter sequence ${name} restart`),
        ...pristine.rows.map(
          ({ table, json }) =>
            `insert into ${table} overriding system value
             select * from json_populate_recordset(null::${table}, ${pg.escapeLiteral(json)})`,
        ),
        'commit; select pg_stat_reset()',
      ].join(';\n'),
    );
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
