import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/** RustSec's kind of those records that have one, by record: `unmaintained`, `unsound` or `notice`. */
export async function readInformational(
  db: Database,
  records: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ record: string; kind: string }>`
    select distinct advisory_id as record, affected ->> 'informational' as kind from advisory_package
    where advisory_id = any(${[...new Set(records)]}::text[]) and affected ? 'informational'`.execute(db);
  return new Map(rows.map(({ record, kind }) => [record, kind]));
}
