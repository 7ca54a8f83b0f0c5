import { type RawBuilder, sql } from 'kysely';
import { spellingsOf } from '../advisories/osv/id-spellings.ts';
import type { Database } from '../database/database.ts';
import type { SeverityOrder } from '../report/severity-order.ts';
import { severityRankBy } from '../scan/severity-rank.ts';
import { detailsOfPackages } from './open-matches.ts';

/** A vulnerability of any package that is known, whoever holds it: nothing of it may be shown before that is looked up. */
export interface RankedVulnerability {
  readonly id: string;
  /** `severityRank()` of the worst. */
  readonly rank: number;
  /** Of every package: the bit `1 << severityRank()` of each. */
  readonly rankBits: number;
  /** A fixed version is known for one of the packages. */
  readonly fixable: boolean;
  /** For one of the packages none is. */
  readonly unfixed: boolean;
  readonly exploited: boolean;
}

/** What a text of a list of vulnerabilities finds. */
export interface FoundByText {
  readonly text: string;
  /** Packages that bear it in their names, whoever holds them. */
  readonly packageIds: readonly number[];
}

/** Part of an id or of a package's name, or a whole alias, in lower case. */
export async function findByText(db: Database, text: string): Promise<FoundByText> {
  const part = `%${text.replace(/[\\%_]/g, '\\$&')}%`; // threats.md E2
  const { rows } = await sql<{ ids: number[] | null }>`
    select array_agg(id) as ids from package where lower(name) like ${part}`.execute(db);
  return { text, packageIds: rows[0]?.ids ?? [] };
}

/** Of a detail `d`: it is of a vulnerability that the text means. */
export function isMeantBy(text: string): RawBuilder<unknown> {
  return sql`(strpos(lower(d.vulnerability_id), ${text}) > 0 or d.aliases && ${spellingsOf(text)}::text[])`;
}

/** `severityRank()` of a detail `d` by the order. */
export function rankBy(order: SeverityOrder | undefined): RawBuilder<number> {
  return severityRankBy(order, { severity: sql`d.severity`, sourceSeverities: sql`d.source_severities` });
}

/**
 * Every vulnerability of any package, in the order of lists: known exploited first, then by severity, EPSS and id. Some may
 * stand against no package any more: to look that up for each takes twice as long as all the rest.
 */
export async function rankVulnerabilities(
  db: Database,
  order: SeverityOrder | undefined,
): Promise<readonly RankedVulnerability[]> {
  return await rankDetails(db, order, sql`true`);
}

/** The same of some packages, of what a text finds, or of both together; only by these packages, where the text is in their names. */
export async function rankSome(
  db: Database,
  order: SeverityOrder | undefined,
  by: { readonly packageIds: readonly number[] | undefined; readonly found: FoundByText | undefined },
): Promise<readonly RankedVulnerability[]> {
  const { packageIds, found } = by;
  const base = packageIds === undefined ? isOpen : sql`d.id in (${detailsAgainst(packageIds)})`;
  if (found === undefined) return await rankDetails(db, order, base);
  const own = packageIds === undefined ? undefined : new Set(packageIds);
  const named = found.packageIds.filter((id) => own?.has(id) ?? true);
  // Put together before they are joined: PostgreSQL would look an "or" up for each detail that there is.
  const all = sql`${detailsAgainst(named)}
    union select d.id from match_detail d where ${isMeantBy(found.text)} and ${base}`;
  return await rankDetails(db, order, sql`d.id in (${all})`);
}

const isOpen = sql`exists (select from stored_match m where m.detail_id = d.id and m.resolved_at is null)`;

/** Ids of the details that are open for one of the packages. */
function detailsAgainst(packageIds: readonly number[]): RawBuilder<unknown> {
  return sql`select distinct o.detail_id from (${detailsOfPackages(packageIds)}) o`;
}

async function rankDetails(
  db: Database,
  order: SeverityOrder | undefined,
  condition: RawBuilder<unknown>,
): Promise<readonly RankedVulnerability[]> {
  const { rows } = await sql<RankedVulnerability>`
    select v.id, v.rank, v."rankBits", v.fixable, v.unfixed, k.cve is not null as exploited
    from (select d.vulnerability_id as id, max(${rankBy(order)}) as rank, bit_or(1 << ${rankBy(order)}) as "rankBits",
        bool_or(d.fixed_version is not null) as fixable, bool_or(d.fixed_version is null) as unfixed
      from match_detail d where ${condition} group by 1) v
    left join known_exploited k on k.cve = v.id
    left join epss e on e.cve = v.id
    order by k.cve is null, v.rank desc, e.probability desc nulls last, v.id`.execute(db);
  return rows;
}
