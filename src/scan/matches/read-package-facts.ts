import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import { numberedBySource } from '../../matching/installed-as.ts';
import type { FixState, VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import type { Package } from '../../report/package.ts';
import type { Severity } from '../../report/severity.ts';

/** What is said of a vulnerability, whatever the package. */
export type SaidFact = Omit<VulnerabilityFact, 'firstSeenAt'>;

/** What is said as rows have it. */
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
}

/** Of a detail `d`. */
const saidColumns: RawBuilder<unknown> = sql`
  d.vulnerability_id, d.advisory_id, d.status, d.aliases, d.severity, d.source_severities, d.fixed_version, d.fix_state,
  -- CISA's list is short: as one hash it is looked into a million times a second, row by row not a thousand times.
  (d.vulnerability_id in (select cve from known_exploited) or exists (
    select from unnest(d.aliases) as own (id) where own.id in (select cve from known_exploited)
  )) as known_exploited,
  (select max(e.probability) from unnest(d.vulnerability_id || d.aliases) as own (id)
    join epss e on e.cve = own.id where own.id like 'CVE-%') as epss`;

/**
 * Open matches `m` of packages, a table `w (id)` in order: looked up package by package, behind "offset 0". PostgreSQL takes
 * those of a few thousand packages for half of all, and reads an index of all of them.
 */
function openMatchesOf(packageIds: readonly number[]): RawBuilder<unknown> {
  const sorted = packageIds.toSorted((a, b) => a - b);
  return sql`unnest(${sorted}::int[]) w (id) cross join lateral (
    select m.detail_id, m.first_seen_at from stored_match m
    where m.package_id = w.id and m.resolved_at is null offset 0) m`;
}

/** A match in twelve bytes: an id, and since when it is there. */
function packedMatches(id: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`string_agg(int4send(${id}) || timestamptz_send(m.first_seen_at), ''::bytea)`;
}

const matchBytes = 12;
/** The instant that PostgreSQL counts microseconds from, in milliseconds since 1970. */
const epochOfPostgresMs = Date.UTC(2000, 0, 1);

/** Calls `see` for each of `packedMatches()`; matches of one instant share their date. */
function eachMatch(packed: Buffer, see: (id: number, firstSeenAt: Date) => void): void {
  let atMs = Number.NaN;
  let firstSeenAt = new Date(atMs);
  for (let at = 0; at < packed.length; at += matchBytes) {
    // Both halves of an integer of 64 bits: exact, as it is far below 2^53.
    const microseconds = packed.readInt32BE(at + 4) * 2 ** 32 + packed.readUInt32BE(at + 8);
    const ms = epochOfPostgresMs + Math.floor(microseconds / 1_000);
    if (ms !== atMs) {
      atMs = ms;
      firstSeenAt = new Date(ms);
    }
    see(packed.readInt32BE(at), firstSeenAt);
  }
}

/** What is known against packages, by id; packages without a vulnerability are absent. */
export async function readPackageFacts(
  db: Database,
  packageIds: readonly number[],
): Promise<ReadonlyMap<number, PackageFacts>> {
  if (packageIds.length === 0) return new Map();
  // One statement, so that all is of one instant; what many packages share is read and joined once.
  const { rows } = await sql<SaidRow & { readonly matches: Buffer }>`
    select ${saidColumns}, m.matches
    from (
      select m.detail_id, ${packedMatches(sql`w.id`)} as matches from ${openMatchesOf(packageIds)} group by 1) m
    join match_detail d on d.id = m.detail_id
    order by d.vulnerability_id`.execute(db);
  const found = new Map<number, VulnerabilityFact[]>();
  for (const { matches, ...said } of rows) {
    const fact = saidFact(said);
    let last: VulnerabilityFact | undefined;
    eachMatch(matches, (packageId, firstSeenAt) => {
      const own = last?.firstSeenAt === firstSeenAt ? last : { ...fact, firstSeenAt };
      const known = found.get(packageId);
      if (known === undefined) found.set(packageId, [own]);
      else known.push(own);
      last = own;
    });
  }
  return await withNames(db, found);
}

/** What is known against packages with what they are called. */
export async function withNames(
  db: Database,
  found: ReadonlyMap<number, readonly VulnerabilityFact[]>,
): Promise<ReadonlyMap<number, PackageFacts>> {
  // What a package is called never changes.
  const { rows } = await sql<
    Pick<Package, 'ecosystem' | 'name' | 'version' | 'sourceName' | 'sourceVersion'> & {
      readonly id: number;
    }
  >`
    select id, ecosystem, name, version, source_name as "sourceName", source_version as "sourceVersion"
    from package where id = any(${[...found.keys()]}::int[])
    order by id`.execute(db);
  return new Map(
    rows.map((row) => {
      const { id, ecosystem, name, version } = row;
      const source = numberedBySource(row);
      const named = { packageId: id, ecosystem, name, version, ...(source === undefined ? {} : { source }) };
      return [id, { ...named, vulnerabilities: found.get(id) ?? [] }];
    }),
  );
}

export function saidFact(row: SaidRow): SaidFact {
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
