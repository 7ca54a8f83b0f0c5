import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { GateBound } from '../lists/verdict-bounds.ts';
import { readStoredPolicy } from '../policy/parse-policy.ts';
import type { Policy, Threshold } from '../policy/policy.ts';
import type { ExploitDoubts } from '../report/exploit-doubts.ts';
import { type Severity, severities, severityRank } from '../report/severity.ts';
import { readExploitDoubts } from '../scan/reports/read-exploit-doubts.ts';

/** More exemptions than these are not looked up one by one: then any finding may be exempted. */
const exemptionsLookedUpMax = 500;

interface BoundRow {
  readonly id: number;
  readonly policy: unknown;
  readonly severity_order: string | null;
  readonly listed_severity_order: string | null;
  readonly exemptions: number;
  readonly others: number;
}

/**
 * What the gates of namespaces ask, as far as counts can answer; `policy` stands for the stored ones. Made anew for
 * every request: a changed policy and an expired exemption count at once.
 */
export async function readGateBounds(
  db: Database,
  asked: {
    /** Absent: all. */
    readonly namespaceIds?: readonly number[] | undefined;
    readonly policy?: Policy;
    readonly now: Date;
  },
): Promise<readonly GateBound[]> {
  const inScope =
    asked.namespaceIds === undefined ? sql`true` : sql`n.id = any(${[...asked.namespaceIds]}::bigint[])`;
  const { rows } = await sql<BoundRow>`
    select n.id, n.policy, n.severity_order, n.listed_severity_order, count(e.id) as exemptions,
      count(e.id) filter (where e.vulnerability_id !~ '^(CVE|GHSA)-') as others
    from namespace n left join exemption e on e.namespace_id = n.id
      and (e.expires_at is null or e.expires_at > ${asked.now})
    where ${inScope} group by n.id order by n.id`.execute(db);
  const doubts = await readExploitDoubts(db, { now: asked.now });
  const lookedUp = rows.filter((row) => row.others === 0 && row.exemptions <= exemptionsLookedUpMax);
  const bounds = rows.map((row) => ({
    ...gateBound(row.id, asked.policy ?? readStoredPolicy(row.policy), doubts),
    severityOrder: row.listed_severity_order,
    isReordering: row.severity_order !== row.listed_severity_order,
  }));
  const exempting = new Set(lookedUp.filter((row) => row.exemptions > 0).map(({ id }) => id));
  const exempted = await countExempted(
    db,
    bounds.filter(({ namespaceId }) => exempting.has(namespaceId)),
    asked.now,
  );
  const maxOf = new Map(lookedUp.map(({ id }) => [id, exempted.get(id) ?? 0]));
  return bounds.map((bound) => ({
    ...bound,
    exemptedMax: maxOf.get(bound.namespaceId) ?? Number.POSITIVE_INFINITY,
  }));
}

function gateBound(
  namespaceId: number,
  policy: Policy,
  doubts: ExploitDoubts,
): Omit<GateBound, 'exemptedMax' | 'severityOrder' | 'isReordering'> {
  const { mode, minSeverity, knownExploited, fixableOnly, states } = policy;
  return {
    namespaceId,
    mode,
    severities: severitiesFrom(policy, minSeverity),
    secretSeverities: policy.secrets === 'off' ? [] : severitiesFrom(policy, policy.secrets),
    malware: policy.malware === 'block',
    knownExploited,
    fixableOnly,
    doubtsExploited: knownExploited && doubts.knownExploited !== undefined,
    doubtsLikely: policy.epssMin !== undefined && doubts.epss !== undefined,
    hasOtherConditions: policy.epssMin !== undefined || Object.keys(policy.graceDays).length > 0,
    states: { ...states, pending: typeof states.pending === 'object' ? 'hold' : states.pending },
  };
}

function severitiesFrom({ unknownSeverityAs }: Policy, minimum: Threshold): readonly Severity[] {
  return severities.filter(
    (severity) =>
      severityRank(severity === 'unknown' ? unknownSeverityAs : severity) >= severityRank(minimum),
  );
}

/**
 * Findings that count and that the allowlist of each namespace may take out of any image: those of all packages that there
 * are. By another than the default order of severity sources any may count.
 */
async function countExempted(
  db: Database,
  bounds: readonly Pick<
    GateBound,
    'namespaceId' | 'severities' | 'severityOrder' | 'isReordering' | 'knownExploited'
  >[],
  now: Date,
): Promise<ReadonlyMap<number, number>> {
  if (bounds.length === 0) return new Map();
  // An exemption's id is in upper case; a GHSA id is in lower case behind its prefix.
  const { rows } = await sql<{ id: number; count: number }>`
    with bound as (
      select * from jsonb_to_recordset(${JSON.stringify(bounds)}::jsonb)
        as b ("namespaceId" bigint, severities jsonb, "severityOrder" text, "isReordering" boolean,
          "knownExploited" boolean)),
    wanted as (
      select e.namespace_id, split_part(e.vulnerability_id, '-', 1) || lower(substr(e.vulnerability_id,
        strpos(e.vulnerability_id, '-'))) as id
      from exemption e where e.namespace_id in (select "namespaceId" from bound)
        and (e.expires_at is null or e.expires_at > ${now})),
    said as materialized (
      select w.namespace_id, d.id, d.vulnerability_id, d.aliases, d.severity from wanted w
        join match_detail d on d.vulnerability_id = w.id
      union
      select w.namespace_id, d.id, d.vulnerability_id, d.aliases, d.severity from wanted w
        join match_detail d on d.aliases @> array[w.id]),
    -- Each id and alias looked up by itself: an "or" of them is compared with every row of the catalogue.
    exploited as materialized (
      select distinct s.id from said s cross join unnest(array_append(s.aliases, s.vulnerability_id)) as named (cve)
        join known_exploited k on k.cve = named.cve)
    select s.namespace_id as id, count(*) as count
    from said s join bound b on b."namespaceId" = s.namespace_id
      left join exploited x on x.id = s.id
      join stored_match m on m.detail_id = s.id and m.resolved_at is null
    where b.severities ? s.severity or b."severityOrder" is not null or b."isReordering"
      or b."knownExploited" and x.id is not null
    group by 1`.execute(db);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
