import { sql } from 'kysely';
import type { Changes } from '../advisories/pending-changes.ts';
import type { Database } from '../database/database.ts';
import type { MatchScope } from './match-packages.ts';

/**
 * What changed advisories and CVEs can make different: the vulnerabilities that they described before (a match has the id
 * of each record that it is made of among its aliases), and those that they describe now; with every record that describes
 * one of these, since records of one vulnerability are judged together.
 */
export async function readMatchScope(
  db: Database,
  { changedAdvisoryIds, changedCves }: Pick<Changes, 'changedAdvisoryIds' | 'changedCves'>,
): Promise<MatchScope> {
  const ids = [...changedAdvisoryIds, ...changedCves];
  if (ids.length === 0) return { vulnerabilityIds: [], advisoryIds: [] };
  const vulnerabilities = await sql<{ id: string }>`
    select unnest(vulnerabilities) as id from advisory where id = any(${changedAdvisoryIds}::text[])
    union
    select vulnerability_id from package_match where vulnerability_id = any(${ids}::text[]) or aliases && ${ids}::text[]`.execute(
    db,
  );
  const vulnerabilityIds = vulnerabilities.rows.map(({ id }) => id);
  const advisories = await sql<{ id: string }>`
    select id from advisory where vulnerabilities && ${vulnerabilityIds}::text[]`.execute(db);
  return { vulnerabilityIds, advisoryIds: advisories.rows.map(({ id }) => id) };
}
