import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { readStoredPolicy } from '../policy/parse-policy.ts';
import type { Policy, Threshold } from '../policy/policy.ts';
import { type Severity, severities, severityRank } from '../report/severity.ts';
import type { GateBound } from '../scan/verdict-bounds.ts';

/** More exemptions than these are not looked up one by one: then any finding may be exempted. */
const exemptionsLookedUpMax = 500;

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
  const { rows } = await sql<{ id: number; policy: unknown; exemptions: number; others: number }>`
    select n.id, n.policy, count(e.id) as exemptions,
      count(e.id) filter (where e.vulnerability_id !~ '^(CVE|GHSA)-') as others
    from namespace n left join exemption e on e.namespace_id = n.id
      and (e.expires_at is null or e.expires_at > ${asked.now})
    where ${inScope} group by n.id order by n.id`.execute(db);
  const lookedUp = rows.filter((row) => row.others === 0 && row.exemptions <= exemptionsLookedUpMax);
  const exempting = lookedUp.filter((row) => row.exemptions > 0).map(({ id }) => id);
  const exempted = await countExempted(db, { namespaceIds: exempting, now: asked.now });
  const maxOf = new Map(lookedUp.map(({ id }) => [id, exempted.get(id) ?? 0]));
  return rows.map(({ id, policy }) =>
    gateBound(asked.policy ?? readStoredPolicy(policy), {
      namespaceId: id,
      exemptedMax: maxOf.get(id) ?? Number.POSITIVE_INFINITY,
    }),
  );
}

function gateBound(
  policy: Policy,
  own: { readonly namespaceId: number; readonly exemptedMax: number },
): GateBound {
  const { mode, minSeverity, knownExploited, fixableOnly, states } = policy;
  return {
    ...own,
    mode,
    severities: severitiesFrom(policy, minSeverity),
    secretSeverities: policy.secrets === 'off' ? [] : severitiesFrom(policy, policy.secrets),
    malware: policy.malware === 'block',
    knownExploited,
    fixableOnly,
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

/** Findings that the allowlist of each namespace may take out of any image: those of all packages that there are. */
async function countExempted(
  db: Database,
  asked: { readonly namespaceIds: readonly number[]; readonly now: Date },
): Promise<ReadonlyMap<number, number>> {
  if (asked.namespaceIds.length === 0) return new Map();
  // An exemption's id is in upper case; a GHSA id is in lower case behind its prefix.
  const { rows } = await sql<{ id: number; count: number }>`
    with wanted as (
      select e.namespace_id, split_part(e.vulnerability_id, '-', 1) || lower(substr(e.vulnerability_id,
        strpos(e.vulnerability_id, '-'))) as id
      from exemption e where e.namespace_id = any(${[...asked.namespaceIds]}::bigint[])
        and (e.expires_at is null or e.expires_at > ${asked.now}))
    select f.namespace_id as id, count(*) as count from (
      select w.namespace_id, m.package_id, m.vulnerability_id from wanted w
        join package_match m on m.vulnerability_id = w.id where m.resolved_at is null
      union
      select w.namespace_id, m.package_id, m.vulnerability_id from wanted w
        join package_match m on m.aliases @> array[w.id] where m.resolved_at is null) f
    group by 1`.execute(db);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
