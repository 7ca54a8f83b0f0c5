import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/**
 * Grows with every change of how packages are matched: an order of versions, the spelling of names, which records
 * count, what is stored of a match.
 * Packages that were matched by older rules are matched again after the next synchronisation.
 */
export const matchingVersion = 5;

/** Whether there are packages that a re-match would match again for that. */
export async function isMatchedByOlderRules(db: Database): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from package
      where matched_at is not null and matching_version < ${matchingVersion}) as found`.execute(db);
  return rows[0]?.found === true;
}
