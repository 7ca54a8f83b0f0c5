import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { AffectedPackage } from '../matching/advisory.ts';
import type { SeverityRating } from '../report/severity.ts';
import { normalisePackageName } from './osv/package-name.ts';
import { packageRatings } from './osv/package-ratings.ts';

/** What one advisory says of one package of one release, with everything a match needs to become a finding. */
export interface Candidate {
  readonly advisoryId: string;
  /** OSV ecosystem without suffix. */
  readonly ecosystem: string;
  /** The ecosystem's suffix (`v3.6`, `11`); empty where the advisory names none. */
  readonly release: string;
  /** As `normalisePackageName()` gives it. */
  readonly name: string;
  readonly affected: AffectedPackage;
  /** Canonical ids of the record: one per CVE of a bundle, each with every other id known for it. */
  readonly vulnerabilities: readonly { readonly id: string; readonly aliases: readonly string[] }[];
  /** What the record says of this package and of itself; the ratings of its CVEs are `readCveRatings()`. */
  readonly ratings: readonly SeverityRating[];
  /** Withdrawn records are never candidates. */
  readonly withdrawn: false;
}

export interface CandidateQuery {
  readonly ecosystem: string;
  /** Names as advisories use them: of the source package where the distribution has one. Any spelling. */
  readonly names: readonly string[];
}

interface CandidateRow {
  advisory_id: string;
  ecosystem: string;
  release: string;
  name: string;
  affected: AffectedPackage;
  vulnerabilities: string[];
  aliases: string[];
  ratings: SeverityRating[];
}

/** All advisories of an ecosystem that name one of the packages, ordered by record id; of every release. */
export async function readCandidates(db: Database, query: CandidateQuery): Promise<readonly Candidate[]> {
  const names = [...new Set(query.names.map((name) => normalisePackageName(query.ecosystem, name)))];
  if (names.length === 0) return [];
  const { rows } = await sql<CandidateRow>`
    select p.advisory_id, p.ecosystem, p.release, p.name, p.affected, a.vulnerabilities, a.aliases, a.ratings
    from advisory_package p join advisory a on a.id = p.advisory_id
    where p.ecosystem = ${query.ecosystem} and p.name = any(${names}::text[]) and a.withdrawn_at is null
    order by p.advisory_id, p.position`.execute(db);
  return rows.map(candidateOf);
}

/** What these records say of packages of these names, normalised; of every release, ordered by record id. */
export async function readCandidatesOfRecords(
  db: Database,
  advisoryIds: readonly string[],
  named: readonly { readonly ecosystem: string; readonly name: string }[],
): Promise<readonly Candidate[]> {
  if (named.length === 0) return [];
  // Looked up by name, whatever the planner knows of the tables: by the keys of thousands of records it would take ten times as
  // long, and so it does to plan for an array of these, each of which is weighed against the most common values.
  const { rows } = await sql<CandidateRow>`
    select p.advisory_id, p.ecosystem, p.release, p.name, p.affected, a.vulnerabilities, a.aliases, a.ratings
    from (
      select own.*
      from unnest(${named.map(({ ecosystem }) => ecosystem)}::text[], ${named.map(({ name }) => name)}::text[])
        as asked (ecosystem, name)
      cross join lateral (
        select * from advisory_package where ecosystem = asked.ecosystem and name = asked.name offset 0) own
      join unnest(${advisoryIds}::text[]) as record (id) on record.id = own.advisory_id offset 0) p
    cross join lateral (select * from advisory where id = p.advisory_id and withdrawn_at is null offset 0) a
    order by p.advisory_id, p.position`.execute(db);
  return rows.map(candidateOf);
}

function candidateOf(row: CandidateRow): Candidate {
  const { ecosystem } = row;
  return {
    advisoryId: row.advisory_id,
    ecosystem,
    release: row.release,
    name: row.name,
    affected: row.affected,
    vulnerabilities: identitiesOf(row.advisory_id, row.vulnerabilities, row.aliases),
    ratings: packageRatings({ ...row, id: row.advisory_id }, { ecosystem, affected: row.affected }),
    withdrawn: false,
  };
}

/** The aliases of a bundle (several CVEs) cannot be told apart, so each CVE has only the bundle's own id. */
function identitiesOf(
  advisoryId: string,
  vulnerabilities: readonly string[],
  aliases: readonly string[],
): Candidate['vulnerabilities'] {
  if (vulnerabilities.length === 1) return vulnerabilities.map((id) => ({ id, aliases }));
  return vulnerabilities.map((id) => ({ id, aliases: [advisoryId] }));
}
