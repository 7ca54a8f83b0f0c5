import type pg from 'pg';

const tables = [
  'package',
  'stored_match',
  'match_detail',
  'package_count',
  'match_change',
  'image_report',
  'image_summary',
];

/** Each row that re-matching could write, with the transaction that wrote it last. */
export async function matchedRows(pool: Pick<pg.Pool, 'query'>): Promise<readonly unknown[]> {
  const { rows } = await pool.query<Record<'held' | 'ctid' | 'xmin', string>>(
    tables
      .map((table) => `select '${table}' as held, ctid::text, xmin::text from ${table}`)
      .join(' union all '),
  );
  return rows;
}
