import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FixState, VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import type { Severity } from '../../report/severity.ts';

/** What is said of a vulnerability, and of which packages. */
interface SaidRow {
  readonly vulnerability_id: string;
  readonly advisory_id: string;
  readonly status: string;
  readonly aliases: readonly string[];
  readonly severity: Severity;
  readonly source_severities: number | null;
  readonly fixed_version: string | null;
  readonly fix_state: FixState;
  readonly known_exploited: boolean;
  readonly epss: number | null;
  /** Of each match its package, four bytes, and since when it is there, eight: milliseconds since 1970. */
  readonly matches: Buffer;
}

const matchBytes = 12;

/** What is known against packages, by id; packages without a vulnerability are absent. */
export async function readPackageFacts(
  db: Database,
  packageIds: readonly number[],
): Promise<ReadonlyMap<number, PackageFacts>> {
  if (packageIds.length === 0) return new Map();
  // One statement, so that all is of one instant; what many packages share is read and joined once.
  const { rows } = await sql<SaidRow>`
    select d.vulnerability_id, d.advisory_id, d.status, d.aliases, d.severity, d.source_severities, d.fixed_version,
           d.fix_state, m.matches,
           -- CISA's list is short: as one hash it is looked into a million times a second, row by row not a thousand times.
           (d.vulnerability_id in (select cve from known_exploited) or exists (
             select from unnest(d.aliases) as own (id) where own.id in (select cve from known_exploited)
           )) as known_exploited,
           (select max(e.probability) from unnest(d.vulnerability_id || d.aliases) as own (id)
             join epss e on e.cve = own.id where own.id like 'CVE-%') as epss
    from (
      select detail_id, string_agg(
        int4send(package_id) || int8send(floor(extract(epoch from first_seen_at) * 1000)::bigint), ''::bytea) as matches
      from stored_match where package_id = any(${packageIds}::int[]) and resolved_at is null
      group by detail_id) m
    join match_detail d on d.id = m.detail_id
    order by d.vulnerability_id`.execute(db);
  const found = new Map<number, VulnerabilityFact[]>();
  for (const { matches, ...said } of rows) {
    const fact = factOf(said);
    for (let at = 0; at < matches.length; at += matchBytes) {
      const packageId = matches.readInt32BE(at);
      const firstSeenAt = new Date(Number(matches.readBigInt64BE(at + 4)));
      const known = found.get(packageId);
      if (known === undefined) found.set(packageId, [{ ...fact, packageId, firstSeenAt }]);
      else known.push({ ...fact, packageId, firstSeenAt });
    }
  }
  return await nameThem(db, found);
}

async function nameThem(
  db: Database,
  found: ReadonlyMap<number, readonly VulnerabilityFact[]>,
): Promise<ReadonlyMap<number, PackageFacts>> {
  // What a package is called never changes.
  const { rows } = await sql<{ id: number; ecosystem: string; name: string; version: string }>`
    select id, ecosystem, name, version from package where id = any(${[...found.keys()]}::int[])
    order by id`.execute(db);
  return new Map(
    rows.map(({ id, ...named }) => [id, { packageId: id, ...named, vulnerabilities: found.get(id) ?? [] }]),
  );
}

function factOf(row: Omit<SaidRow, 'matches'>): Omit<VulnerabilityFact, 'packageId' | 'firstSeenAt'> {
  return {
    id: row.vulnerability_id,
    aliases: row.aliases,
    record: row.advisory_id,
    severity: row.severity,
    ...(row.source_severities === null ? {} : { sourceSeverities: row.source_severities }),
    ...(row.fixed_version === null ? {} : { fixedVersion: row.fixed_version }),
    fixState: row.fix_state,
    knownExploited: row.known_exploited,
    ...(row.epss === null ? {} : { epss: row.epss }),
    undetermined: row.status === 'undetermined',
  };
}
