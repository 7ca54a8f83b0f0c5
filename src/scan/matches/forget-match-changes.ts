import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/** Rows of one statement: bounds how long it takes. */
const rowsAtOnce = 10_000;

/** Removes the oldest changes of matches, but for those that a webhook is still to be told of. Returns how many; others may be left. */
export async function forgetMatchChanges(
  db: Database,
  options: { readonly olderThanDays: number },
): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from match_change where id in (
      select id from match_change where at < now() - ${options.olderThanDays} * interval '1 day' and not untold
      order by at limit ${rowsAtOnce})`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
