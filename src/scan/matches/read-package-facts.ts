import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FixState, VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import type { Severity } from '../../report/severity.ts';

interface FactRow {
  readonly package_id: number;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly vulnerability_id: string;
  readonly advisory_id: string;
  readonly status: string;
  readonly aliases: readonly string[];
  readonly severity: Severity;
  readonly source_severities: number | null;
  readonly fixed_version: string | null;
  readonly fix_state: FixState;
  readonly first_seen_at: Date;
  readonly known_exploited: boolean;
  readonly epss: number | null;
}

/** What is known against packages, by id; packages without a vulnerability are absent. */
export async function readPackageFacts(
  db: Database,
  packageIds: readonly number[],
): Promise<ReadonlyMap<number, PackageFacts>> {
  if (packageIds.length === 0) return new Map();
  const { rows } = await sql<FactRow>`
    select m.package_id, p.ecosystem, p.name, p.version, d.vulnerability_id, d.advisory_id, d.status, d.aliases,
           d.severity, d.source_severities, d.fixed_version, d.fix_state, m.first_seen_at,
           -- CISA's list is short: as one hash it is looked into a million times a second, row by row not a thousand times.
           (d.vulnerability_id in (select cve from known_exploited) or exists (
             select from unnest(d.aliases) as own (id) where own.id in (select cve from known_exploited)
           )) as known_exploited,
           (select max(e.probability) from unnest(d.vulnerability_id || d.aliases) as own (id)
             join epss e on e.cve = own.id where own.id like 'CVE-%') as epss
    from stored_match m join match_detail d on d.id = m.detail_id join package p on p.id = m.package_id
    where m.package_id = any(${packageIds}::int[]) and m.resolved_at is null
    order by m.package_id, d.vulnerability_id`.execute(db);
  const facts = new Map<number, PackageFacts>();
  for (const [packageId, own] of Map.groupBy(rows, (row) => row.package_id)) {
    const [first] = own;
    if (first === undefined) continue;
    const { ecosystem, name, version } = first;
    facts.set(packageId, { packageId, ecosystem, name, version, vulnerabilities: own.map(vulnerabilityOf) });
  }
  return facts;
}

function vulnerabilityOf(row: FactRow): VulnerabilityFact {
  return {
    packageId: row.package_id,
    id: row.vulnerability_id,
    aliases: row.aliases,
    record: row.advisory_id,
    severity: row.severity,
    ...(row.source_severities === null ? {} : { sourceSeverities: row.source_severities }),
    ...(row.fixed_version === null ? {} : { fixedVersion: row.fixed_version }),
    fixState: row.fix_state,
    knownExploited: row.known_exploited,
    ...(row.epss === null ? {} : { epss: row.epss }),
    firstSeenAt: row.first_seen_at,
    undetermined: row.status === 'undetermined',
  };
}
