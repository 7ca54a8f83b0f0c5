import { sql } from 'kysely';
import type { Changes } from '../../advisories/feeds/pending-changes.ts';
import type { Database } from '../../database/database.ts';
import type { MatchScope } from './judge-packages.ts';

/** Of more, most of what is known of the packages may differ. */
const advisoriesMax = 5_000;

/**
 * What changed advisories and CVEs can make different: the vulnerabilities that they describe, with every record that
 * describes one of these, since records of one vulnerability are judged together, and what stands under other names of them,
 * so that a match that has another name from now on keeps its age. Undefined: everything, because too much
 * changed, or packages are named without what changed of them.
 */
export async function readMatchScope(db: Database, changes: Changes): Promise<MatchScope | undefined> {
  const { changedAdvisoryIds, changedVulnerabilityIds = [], changedCves, changedPackages } = changes;
  if (changedAdvisoryIds.length + changedCves.length > advisoriesMax) return undefined;
  if (changedVulnerabilityIds.length === 0 && changedPackages.length > 0) return undefined;
  const rated = await sql<{ id: string }>`
    select distinct vulnerability_id as id from (${matchesOfCves(changedCves)}) as m`.execute(db);
  const others = await otherNames(db, changedAdvisoryIds, changedVulnerabilityIds);
  const vulnerabilityIds = [
    ...new Set([...changedVulnerabilityIds, ...rated.rows.map(({ id }) => id), ...others]),
  ];
  // An index of arrays keeps what was stored lately in a list that each look reads whole, until it is taken in.
  await sql`select gin_clean_pending_list('advisory_vulnerabilities')`.execute(db);
  const advisories = await sql<{ id: string }>`
    select distinct a.id from unnest(${vulnerabilityIds}::text[]) as described (id) cross join lateral (
      select id from advisory where vulnerabilities @> array[described.id] offset 0) as a`.execute(db);
  return { vulnerabilityIds, advisoryIds: advisories.rows.map(({ id }) => id) };
}

/** Names that matches are stored under and that the records name as aliases, or whose aliases hold one of the vulnerabilities. */
async function otherNames(
  db: Database,
  advisoryIds: readonly string[],
  vulnerabilityIds: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select d.vulnerability_id as id from (
      select distinct alias.id from unnest(${advisoryIds}::text[]) as changed (id)
      cross join lateral (select aliases from advisory where id = changed.id offset 0) as a
      cross join unnest(a.aliases) as alias (id)) as named
    cross join lateral (select vulnerability_id from match_detail where vulnerability_id = named.id limit 1) as d
    union
    select d.vulnerability_id from unnest(${vulnerabilityIds}::text[]) as described (id)
    cross join lateral (
      select vulnerability_id from match_detail where aliases @> array[described.id] offset 0) as d`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}

/** Standing matches (`package_id`, `vulnerability_id`) of CVEs, by either index: "or" would make PostgreSQL read all. */
export function matchesOfCves(cves: readonly string[]) {
  return sql`
    select m.package_id, m.vulnerability_id from package_match m
    where m.vulnerability_id = any(${cves}::text[]) and m.resolved_at is null
    union
    select m.package_id, m.vulnerability_id from unnest(${cves}::text[]) as cve (id)
    cross join lateral (
      select * from package_match where aliases @> array[cve.id] and resolved_at is null offset 0) as m`;
}
