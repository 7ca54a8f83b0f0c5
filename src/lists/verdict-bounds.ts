import { type RawBuilder, sql } from 'kysely';
import type { Severity } from '../report/severity.ts';

/**
 * What a namespace's gate asks of an image, as far as its row in `image_summary` can answer. It tells most images apart
 * without their facts; only the gate itself judges the others, and every image that is shown.
 */
export interface GateBound {
  readonly namespaceId: number;
  readonly mode: 'off' | 'observe' | 'enforce';
  /** Order of severity sources that the counts are by; null: the default one. */
  readonly severityOrder: string | null;
  /** The severities that count, and whether a known exploited finding counts whatever its severity. */
  readonly severities: readonly Severity[];
  readonly knownExploited: boolean;
  /** The severities of secrets that count; empty: none does. */
  readonly secretSeverities: readonly Severity[];
  /** Whether any malware counts. */
  readonly malware: boolean;
  readonly fixableOnly: boolean;
  /** Another order of severity sources than the counts are by: they only tell whether there is a finding at all. */
  readonly isReordering: boolean;
  /** Conditions that the counts do not know (grace, EPSS): they can only tell that nothing counts at all. */
  readonly hasOtherConditions: boolean;
  /** It asks for exploits, and what is known of them cannot be relied on: a finding that does not count leaves a doubt. */
  readonly doubtsExploited: boolean;
  /** The same of EPSS, for any finding. */
  readonly doubtsLikely: boolean;
  /** No image has more findings than these that the allowlist takes out. */
  readonly exemptedMax: number;
  readonly states: Readonly<
    Record<'pending' | 'failed' | 'incomplete' | 'unsupported' | 'undetermined', string>
  >;
}

/** The parameters of all namespaces as the table `g`, joined to `r`. */
export function gateTable(bounds: readonly GateBound[]): RawBuilder<unknown> {
  const rows = bounds.map(
    ({ severities, secretSeverities, malware, knownExploited, states, exemptedMax, ...same }) => ({
      ...same,
      malware: malware ? 1 : 0,
      ...Object.fromEntries(countedSeverities.map((one) => [one, severities.includes(one) ? 1 : 0])),
      ...Object.fromEntries(
        secretColumns.map((one) => [`secrets_${one}`, secretSeverities.includes(one) ? 1 : 0]),
      ),
      exploited: knownExploited ? 1 : 0,
      exempted_max: Math.min(exemptedMax, anyExempted),
      ...Object.fromEntries(Object.entries(states).map(([state, rule]) => [`if_${state}`, rule])),
    }),
  );
  return sql`join jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as g ("namespaceId" bigint, mode text,
    critical int, high int, medium int, low int, negligible int, unknown int, secrets_critical int, secrets_high int,
    secrets_medium int, secrets_low int, malware int, exploited int, "fixableOnly" boolean,
    "hasOtherConditions" boolean, "isReordering" boolean, "doubtsExploited" boolean, "doubtsLikely" boolean, exempted_max int, if_pending text, if_failed text, if_incomplete text,
    if_unsupported text, if_undetermined text) on g."namespaceId" = r.namespace_id`;
}

const countedSeverities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

/** Secrets of no rule are less severe or unrated. */
const secretColumns: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
/** Any finding may be exempted, secrets too. */
const anyExempted = 1_000_000_000;

const severe = sql`(s.critical * g.critical + s.high * g.high + s.medium * g.medium + s.low * g.low
  + s.negligible * g.negligible + s.unknown * g.unknown)`;
const all = sql`(s.critical + s.high + s.medium + s.low + s.negligible + s.unknown)`;

/** Of every namespace that asks for secrets at all the critical ones count. */
const asksForSecrets = sql`g.secrets_critical = 1`;
const secret = sql`(s.secrets_critical * g.secrets_critical + s.secrets_high * g.secrets_high
  + s.secrets_medium * g.secrets_medium + s.secrets_low * g.secrets_low)`;

/** Whether a finding counts: null where the counts cannot tell. Without a summary there is no finding. */
const vulnerabilityHit = sql`case
  when s.manifest_digest is null or ${all} = 0 then false
  when g."isReordering" then null
  when ${severe} + s.known_exploited * g.exploited = 0 then false
  when g."fixableOnly" and s.fixable = 0 then false
  when g."hasOtherConditions" then null
  when case when g."fixableOnly" then ${severe} + s.fixable - ${all}
       else greatest(${severe}, s.known_exploited * g.exploited) end > g.exempted_max then true end`;

const malware = sql`(s.malware_count * g.malware)`;

/** The same with secrets and malware: only exemptions that may be of anything can take them out. */
const hit = sql`case
  when s.manifest_digest is null or ${secret} + ${malware} = 0 or ${vulnerabilityHit} then ${vulnerabilityHit}
  when g.exempted_max < ${anyExempted} then true end`;

/**
 * The rule for the state that stands: null where there is none to rule on. A summary is written with a result, so an
 * image without one has none, and a scan that is at its end is that of the result.
 */
const rule = sql`case
  when c.state = 'scanned' then null
  when c.state = 'incomplete' then g.if_incomplete
  when c.state = 'unsupported' then g.if_unsupported
  when c.state = 'failed' then g.if_failed
  else g.if_pending end`;

/** Whether it cannot be told of a finding that does not count if it is exploited: null where other conditions matter too. */
const exploitDoubt = sql`case
  when s.manifest_digest is null or ${all} = 0 then false
  when g."doubtsLikely" then null
  when not g."doubtsExploited" or not g."isReordering" and ${all} = ${severe} then false
  when not g."isReordering" and not g."fixableOnly" and not g."hasOtherConditions" and g.exempted_max = 0
    and ${all} > ${severe} + s.known_exploited then true end`;

/** Whether something is in doubt: null where that depends on which of the undetermined versions would count. */
const doubt = sql`case
  when s.undetermined is not true then ${exploitDoubt}
  when s.doubts @> '[{"code":"undetermined-version"}]' then null else true end`;

/** Whether results of different age stand side by side, so that not even the state can be told. */
const isUneven = sql`(c.state = 'scanned' and s.manifest_digest is null
    or s.manifest_digest is not null and coalesce(c.state, '') not in ('scanned', 'incomplete', 'unsupported')
    or s.manifest_digest is not null and ${asksForSecrets} and s.secrets_outcome is distinct from c.state
    or g.malware = 1 and s.malware_outcome <> c.state)`;

/** Verdict of an image by its row: null where only its facts can tell, which is so for every index. */
export const boundVerdict: RawBuilder<string | null> = sql`case
  when g.mode = 'off' then 'allow'
  when m.kind = 'index' or ${isUneven} then null
  when g.mode = 'observe' then
    case coalesce(${rule} <> 'allow', false) or ${hit} or (${doubt} and g.if_undetermined <> 'allow')
      when true then 'warn' when false then 'allow' end
  when ${rule} = 'hold' then 'hold'
  else case coalesce(${rule} = 'block', false) or ${hit} or (${doubt} and g.if_undetermined = 'block')
    when true then 'block'
    when false then case coalesce(${rule} = 'warn', false) or (${doubt} and g.if_undetermined = 'warn')
      when true then 'warn' when false then 'allow' end
    end end`;

/** Whether the policy has something to say of the image that is not, or not fully, judged yet. */
export const boundUnsettled: RawBuilder<boolean> = sql`(m.kind <> 'index' and g.mode <> 'off'
  and (coalesce(c.state, '') <> 'unsupported' and coalesce(${rule} <> 'allow', false)
    or s.undetermined is true and g.if_undetermined <> 'allow'))`;

/** What of an index may still be pending: a child without a result, with an uneven one, or an index itself. */
const isPendingBelow = sql`exists (
  select from manifest_child k
  left join image_scan kc on kc.manifest_digest = k.child_digest and kc.category = 'vulnerabilities'
  left join image_summary ks on ks.manifest_digest = k.child_digest
  where k.parent_digest = m.digest and (ks.manifest_digest is null
    or coalesce(kc.state, '') not in ('scanned', 'incomplete', 'unsupported')
    or ${asksForSecrets} and ks.secrets_outcome is distinct from kc.state
    or g.malware = 1 and ks.malware_outcome <> kc.state))`;

/** Whether an image has the verdict, or only its facts can tell that it has not: true or false, never null. */
export function mayHaveVerdict(kind: string): RawBuilder<boolean> {
  return sql`coalesce(${boundVerdict}, ${openVerdict(kind)}, '') = ${kind}`;
}

/** `kind` where what `boundVerdict` leaves open can come to it. */
function openVerdict(kind: string): RawBuilder<string | null> {
  switch (kind) {
    case 'block':
      return sql`case when g.mode = 'enforce' then 'block' end`;
    case 'hold':
      // Of an image whose state is known only findings are open, and those are not waited for.
      return sql`case when g.mode = 'enforce' and g.if_pending = 'hold'
        and case when m.kind = 'index' then ${isPendingBelow} else ${isUneven} end then 'hold' end`;
    default:
      return sql`${kind}::text`;
  }
}
