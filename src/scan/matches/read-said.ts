import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FixState } from '../../report/finding.ts';
import type { Severity } from '../../report/severity.ts';
import { type SaidFact, saidFact } from './read-package-facts.ts';

/** One value for all rows: to parse each field of each row takes three times as long. */
type DetailColumns = readonly [
  ids: readonly number[] | null,
  vulnerabilityIds: readonly string[],
  advisoryIds: readonly string[],
  statuses: readonly string[],
  aliases: readonly (readonly string[])[],
  severities: readonly Severity[],
  sourceSeverities: readonly (number | null)[],
  fixedVersions: readonly (string | null)[],
  fixStates: readonly FixState[],
];

/**
 * What details say, by their ids; one that is not stored is absent. KEV and EPSS are looked up for all at once: row by row that
 * takes PostgreSQL six times as long as the rest. `transaction` must see one instant all the time.
 */
export async function readSaid(
  transaction: Database,
  detailIds: readonly number[],
): Promise<ReadonlyMap<number, SaidFact>> {
  const { rows } = await sql<{ columns: DetailColumns }>`
    select json_build_array(array_agg(id), array_agg(vulnerability_id), array_agg(advisory_id), array_agg(status),
      json_agg(aliases), array_agg(severity), array_agg(source_severities), array_agg(fixed_version),
      array_agg(fix_state)) as columns
    from match_detail where id = any(${detailIds}::int[])`.execute(transaction);
  const [ids, vulnerabilities = [], advisories = [], statuses = [], aliases = [], ...rest] =
    rows[0]?.columns ?? [];
  const [severities = [], sourceSeverities = [], fixedVersions = [], fixStates = []] = rest;
  if (ids == null) return new Map();
  const idsOf = ids.map((_, row) => [vulnerabilities[row] ?? '', ...(aliases[row] ?? [])]);
  const exploited = await readExploited(transaction);
  const likelihoods = await readLikelihoods(transaction, new Set(idsOf.flat()));
  return new Map(
    ids.map((id, row) => {
      const own = idsOf[row] ?? [];
      const likely = own.flatMap((one) => likelihoods.get(one) ?? []);
      const said = saidFact({
        vulnerability_id: vulnerabilities[row] ?? '',
        advisory_id: advisories[row] ?? '',
        status: statuses[row] ?? '',
        aliases: aliases[row] ?? [],
        severity: severities[row] ?? 'unknown',
        source_severities: sourceSeverities[row] ?? null,
        fixed_version: fixedVersions[row] ?? null,
        fix_state: fixStates[row] ?? 'not-fixed',
        known_exploited: own.some((one) => exploited.has(one)),
        epss: likely.length === 0 ? null : Math.max(...likely),
      });
      return [id, said];
    }),
  );
}

/** All of CISA's list, which is short. */
async function readExploited(transaction: Database): Promise<ReadonlySet<string>> {
  const rows = await transaction.selectFrom('known_exploited').select('cve').execute();
  return new Set(rows.map(({ cve }) => cve));
}

/** EPSS probabilities of those ids that are CVEs. */
async function readLikelihoods(
  transaction: Database,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const cves = [...ids].filter((id) => id.startsWith('CVE-')).sort();
  const { rows } = await sql<{ cve: string; probability: number }>`
    select cve, probability from epss where cve = any(${cves}::text[])`.execute(transaction);
  return new Map(rows.map(({ cve, probability }) => [cve, probability]));
}
