import type { DatabaseConnection } from '../src/database/database.ts';

/** Prints what the largest of these tables take with their indexes, in bytes an image, and the whole database. */
export async function printTableSizes(
  { pool }: DatabaseConnection,
  tables: readonly string[],
  imageCount: number,
): Promise<void> {
  const { rows } = await pool.query<{ table: string; bytes: number; indexBytes: number; wholeBytes: number }>(
    `select relname as table, pg_total_relation_size(oid)::float8 as bytes, pg_indexes_size(oid)::float8 as "indexBytes",
       pg_database_size(current_database())::float8 as "wholeBytes"
     from pg_class where oid = any($1::regclass[]) order by 2 desc`,
    [tables],
  );
  const perImage = (bytes: number) => Math.round(bytes / imageCount);
  for (const { table, bytes, indexBytes } of rows)
    console.error(`${table}: ${perImage(bytes)} bytes an image, ${perImage(indexBytes)} of them indexes`);
  const sum = rows.reduce((bytes, row) => bytes + row.bytes, 0);
  console.error(
    `images: ${perImage(sum)} bytes each; database: ${Math.round((rows[0]?.wholeBytes ?? 0) / 1e6)} MB`,
  );
}
