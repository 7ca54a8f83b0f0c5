import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import { ratedIn } from '../../report/rated-in-order.ts';
import type { Severity } from '../../report/severity.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../../report/severity-order.ts';
import type { SourceSeverities } from '../../report/source-severities.ts';
import { unpackIds } from '../reports/packed-ids.ts';
import { indexImagesMax } from '../reports/read-facts.ts';
import { severityRankBy } from '../severity-rank.ts';
import type { MatchChangeKind } from './match-changes.ts';
import { fixOf, type StoredFix } from './stored-fix.ts';

/** One thing that judging again made different for a package. */
export interface FindingChange {
  /** Grows with time. */
  readonly key: number;
  readonly at: Date;
  readonly change: MatchChangeKind;
  readonly id: string;
  readonly aliases: readonly string[];
  readonly packageId: number;
  readonly package: { readonly ecosystem: string; readonly name: string; readonly version: string };
  /** As it is now. */
  readonly severity: Severity;
  /** Of `severity-changed`. */
  readonly previousSeverity?: Severity;
  readonly fixedVersion?: string;
  /** Of which `fixedVersion` is a version, where the package is numbered otherwise. */
  readonly fixedSource?: string;
  /** When a match of the package first said so. */
  readonly firstSeenAt: Date;
  /** Absent: it stands, whatever the change was. */
  readonly resolvedAt?: Date;
}

export interface FindingChangeFilter {
  /** Only of the packages of this image, since it was first judged; absent: of every package. */
  readonly digest?: string;
  /** A join on `match_change c` that leaves only some. */
  readonly among?: RawBuilder<unknown>;
  readonly change?: MatchChangeKind | undefined;
  readonly since?: Date | undefined;
  /** The key of the last one seen. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly severityOrder?: SeverityOrder | undefined;
}

interface ChangeRow extends StoredFix {
  readonly key: number;
  readonly package_id: number;
  readonly at: Date;
  readonly change: MatchChangeKind;
  readonly vulnerability_id: string;
  readonly aliases: readonly string[];
  readonly name: string;
  readonly severity: Severity;
  readonly source_severities: SourceSeverities | null;
  readonly previous_severity: Severity | null;
  readonly previous_source_severities: SourceSeverities | null;
  readonly first_seen_at: Date;
  readonly resolved_at: Date | null;
}

export interface FindingChanges {
  readonly items: readonly FindingChange[];
  /** Up to 10,000. */
  readonly total: number;
  /** There are more than `total`. */
  readonly isMore: boolean;
}

/** Changes newest first; `total` counts those that match. */
export async function listFindingChanges(db: Database, filter: FindingChangeFilter): Promise<FindingChanges> {
  const among = filter.among ?? sql``;
  const judged = filter.digest === undefined ? undefined : await readJudged(db, filter.digest);
  const ofImage =
    filter.digest === undefined
      ? sql``
      : sql`and c.package_id = any(${judged?.packageIds ?? []}::int[]) and c.at > ${judged?.since ?? new Date(0)}`;
  const fitting = sql`${fittingChanges(filter)} ${decidingChanges(filter.severityOrder)}`;
  const before = behind(filter);
  // The page first: to join all matches that there are takes seconds, and PostgreSQL would.
  const { rows } = await sql<ChangeRow>`
    with page as materialized (
      select c.* from match_change c ${among} where true ${ofImage} ${fitting} ${before}
      order by c.id desc limit ${filter.limit})
    select c.id as key, c.package_id, c.at, c.change, c.vulnerability_id, m.aliases, p.ecosystem, p.name, p.version, p.source_name,
      p.source_version, m.severity,
      m.source_severities, c.previous_severity, c.previous_source_severities, m.fixed_version, m.first_seen_at,
      m.resolved_at
    from page c join package p on p.id = c.package_id
    join package_match m on m.package_id = c.package_id and m.vulnerability_id = c.vulnerability_id
    order by c.id desc`.execute(db);
  const { rows: counted } = await sql<{ total: number }>`
    select count(*)::int as total from (
      select from match_change c ${among} where true ${ofImage} ${fitting} limit ${countedMax + 1}) as counted`.execute(
    db,
  );
  const total = counted[0]?.total ?? 0;
  return {
    items: rows.map((row) => changeOf(row, filter.severityOrder ?? defaultSeverityOrder)),
    total: Math.min(total, countedMax),
    isMore: total > countedMax,
  };
}

/** Whose packages these are, whatever image holds them; in no order. */
export async function packagesOfChanges(
  db: Database,
  filter: Pick<FindingChangeFilter, 'change' | 'since' | 'before'>,
): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number }>`
    select distinct c.package_id as id from match_change c where true ${fittingChanges(filter)} ${behind(filter)}`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}

/** Conditions on `match_change c`. */
function fittingChanges({
  change,
  since,
}: Pick<FindingChangeFilter, 'change' | 'since'>): RawBuilder<unknown> {
  const ofKind = change === undefined ? sql`` : sql`and c.change = ${change}`;
  return since === undefined ? ofKind : sql`${ofKind} and c.at >= ${since}`;
}

/** Without what was rated otherwise only by sources that do not decide. */
function decidingChanges(order: SeverityOrder | undefined): RawBuilder<unknown> {
  const rank = severityRankBy(order, {
    severity: sql`c.severity`,
    sourceSeverities: sql`c.source_severities`,
  });
  const previous = severityRankBy(order, {
    severity: sql`c.previous_severity`,
    sourceSeverities: sql`c.previous_source_severities`,
  });
  return sql`and (c.change <> 'severity-changed' or ${rank} is distinct from ${previous})`;
}

function behind({ before }: Pick<FindingChangeFilter, 'before'>): RawBuilder<unknown> {
  return before === undefined ? sql`` : sql`and c.id < ${before}`;
}

/** As of events: of those that match, so many are counted. */
const countedMax = 10_000;

function changeOf(row: ChangeRow, order: SeverityOrder): FindingChange {
  const { ecosystem, name, version } = row;
  return {
    key: row.key,
    packageId: row.package_id,
    at: row.at,
    change: row.change,
    id: row.vulnerability_id,
    aliases: row.aliases,
    package: { ecosystem, name, version },
    severity: severityOf(row.severity, row.source_severities, order),
    ...(row.change === 'severity-changed' && row.previous_severity !== null
      ? { previousSeverity: severityOf(row.previous_severity, row.previous_source_severities, order) }
      : {}),
    ...fixOf(row),
    firstSeenAt: row.first_seen_at,
    ...(row.resolved_at === null ? {} : { resolvedAt: row.resolved_at }),
  };
}

/** A vulnerability that an image had, as long as its advisories said so. */
export interface ResolvedFinding
  extends Pick<FindingChange, 'id' | 'aliases' | 'package' | 'severity' | 'firstSeenAt'> {
  readonly resolvedAt: Date;
}

/** Of the packages that an image has now, newest first: what no advisory says any more and did since it was first judged. */
export async function readResolvedFindings(
  db: Database,
  digest: string,
  order: SeverityOrder = defaultSeverityOrder,
): Promise<readonly ResolvedFinding[]> {
  const judged = await readJudged(db, digest);
  if (judged === undefined) return [];
  const { rows } = await sql<Omit<ChangeRow, 'resolved_at'> & { readonly resolved_at: Date }>`
    select m.vulnerability_id, m.aliases, p.ecosystem, p.name, p.version, m.severity, m.source_severities,
      m.first_seen_at, m.resolved_at
    from package_match m join package p on p.id = m.package_id
    where m.package_id = any(${judged.packageIds}::int[]) and m.status = 'affected' and m.resolved_at > ${judged.since}
    order by m.resolved_at desc, m.vulnerability_id, p.name, p.version`.execute(db);
  return rows.map((row) => ({
    id: row.vulnerability_id,
    aliases: row.aliases,
    package: { ecosystem: row.ecosystem, name: row.name, version: row.version },
    severity: severityOf(row.severity, row.source_severities, order),
    firstSeenAt: row.first_seen_at > judged.since ? row.first_seen_at : judged.since,
    resolvedAt: row.resolved_at,
  }));
}

function severityOf(severity: Severity, packed: SourceSeverities | null, order: SeverityOrder): Severity {
  return ratedIn({ severity, ...(packed === null ? {} : { sourceSeverities: packed }) }, order).severity;
}

/** The packages of an image, of an index those of all its images, and since when they are judged. Undefined: never. */
async function readJudged(
  db: Database,
  digest: string,
): Promise<{ readonly packageIds: readonly number[]; readonly since: Date } | undefined> {
  const { rows } = await sql<{ package_set: Buffer; first_judged_at: Date }>`
    with recursive reached (digest) as (
      select ${digest}::text
      union
      select c.child_digest from reached join manifest_child c
        on c.parent_digest = reached.digest and c.position < ${indexImagesMax})
    select r.package_set, r.first_judged_at from reached join image_report r on r.manifest_digest = reached.digest
    order by r.manifest_digest limit ${indexImagesMax}`.execute(db);
  if (rows.length === 0) return undefined;
  return {
    packageIds: [...new Set(rows.flatMap((row) => unpackIds(row.package_set)))],
    since: new Date(Math.min(...rows.map((row) => row.first_judged_at.getTime()))),
  };
}
