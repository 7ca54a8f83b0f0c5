import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FixState } from '../../report/finding.ts';
import type { Severity } from '../../report/severity.ts';
import { readExploited } from './package-counts.ts';
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
  const exploited = await readExploited(transaction);
  const likelihoods = await readLikelihoods(transaction, [vulnerabilities, ...aliases]);
  return new Map(
    ids.map((id, row) => {
      const own = aliases[row] ?? [];
      const vulnerability = vulnerabilities[row] ?? '';
      let epss = likelihoods.get(vulnerability);
      for (const alias of own) {
        const likely = likelihoods.get(alias);
        if (likely !== undefined && likely > (epss ?? -1)) epss = likely;
      }
      const said = saidFact({
        vulnerability_id: vulnerability,
        advisory_id: advisories[row] ?? '',
        status: statuses[row] ?? '',
        aliases: own,
        severity: severities[row] ?? 'unknown',
        source_severities: sourceSeverities[row] ?? null,
        fixed_version: fixedVersions[row] ?? null,
        fix_state: fixStates[row] ?? 'not-fixed',
        known_exploited: exploited.has(vulnerability) || own.some((alias) => exploited.has(alias)),
        epss: epss ?? null,
      });
      return [id, said];
    }),
  );
}

/** EPSS probabilities of those ids that are CVEs. */
async function readLikelihoods(
  transaction: Database,
  ids: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, number>> {
  const cves = new Set<string>();
  for (const some of ids) for (const id of some) if (id.startsWith('CVE-')) cves.add(id);
  const { rows } = await sql<{ cve: string; probability: number }>`
    select cve, probability from epss where cve = any(${[...cves]}::text[])`.execute(transaction);
  return new Map(rows.map(({ cve, probability }) => [cve, probability]));
}
