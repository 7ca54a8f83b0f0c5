import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Severity } from '../report/severity.ts';
import { type FoundIds, findText } from './_image-search.ts';
import { countsBy, type OrderGroup } from './_order-groups.ts';
import { type HeldPackages, holdsByIndex, holdsByPass } from './package-holders.ts';
import { type GateBound, gateTable, mayHaveVerdict } from './verdict-bounds.ts';

/** Which images a list shows; absent parts mean "every". */
export interface ImageListFilter {
  /** Namespaces that the reader may see; absent: all of them. */
  readonly namespaceIds?: readonly number[];
  readonly ids?: readonly number[];
  readonly repository?: string;
  /**
   * Part of `namespace/repository` or of a tag, the start of a digest, or a reference as clients write it; no character in it is
   * special otherwise. Of one or two characters: where a word of them begins so.
   */
  readonly search?: string;
  readonly kind?: string;
  readonly state?: string;
  /** The highest severity; `none`: judged and nothing found. */
  readonly severity?: Severity | 'none';
  readonly malware?: SearchOutcome;
  readonly secrets?: SearchOutcome;
  readonly holds?: HeldPackages;
  /**
   * Leaves out what certainly has another verdict. Namespaces without a bound have no images then.
   */
  readonly gate?: {
    readonly bounds: readonly GateBound[];
    readonly kind: string;
    /** So few have it that they are better looked for among all than met on the way. */
    readonly isRare?: boolean;
  };
}

/** `unknown`: not looked for, or not in all of it. An index has no search of its own. */
export type SearchOutcome = 'found' | 'none' | 'unknown';

/** Tables and conditions of a filter, ready to be put into a statement. */
export interface PreparedFilter {
  readonly tables: RawBuilder<unknown>;
  readonly condition: RawBuilder<unknown>;
  /** It names its few images: each is looked up, and no table read whole. */
  readonly isFew?: boolean;
  /** Where what the search finds is met by walking: ids of what it finds, or of as many as are worth reading. */
  readonly found?: FoundIds;
}

/** Joined from the left: PostgreSQL leaves out those that a statement does not use. */
function imageTables(severityOrder: string | undefined): RawBuilder<unknown> {
  return sql`
  repository_manifest rm
  left join repository r on r.id = rm.repository_id
  left join namespace n on n.id = r.namespace_id
  left join manifest m on m.digest = rm.manifest_digest
  left join ${countsBy(severityOrder)} s on s.manifest_digest = rm.manifest_digest
  left join image_scan c on c.manifest_digest = rm.manifest_digest and c.category = 'vulnerabilities'`;
}

export async function prepareFilter(
  db: Database,
  filter: OrderGroup,
  use: 'page' | 'count' = 'page',
): Promise<PreparedFilter> {
  const { namespaceIds, ids, repository, kind, state, severity, malware, secrets, gate, holds } = filter;
  const { exceptNamespaceIds: except } = filter;
  const text = await findText(db, filter);
  const gated = gate === undefined ? { condition: sql`true`, isFew: false } : await gateCondition(db, gate);
  const parts = [
    sql`true`,
    ...(namespaceIds === undefined ? [] : [sql`r.namespace_id = any(${namespaceIds}::bigint[])`]),
    ...(except === undefined ? [] : [sql`r.namespace_id <> all(${except}::bigint[])`]),
    ...(ids === undefined ? [] : [sql`rm.id = any(${ids}::bigint[])`]),
    ...(repository === undefined ? [] : [sql`r.name = ${repository}`]),
    ...(kind === undefined ? [] : [sql`m.kind = ${kind}`]),
    ...(state === undefined ? [] : [stateCondition(state)]),
    ...(severity === undefined ? [] : [severityCondition(severity)]),
    ...(malware === undefined ? [] : [outcomeCondition(malware, malwareColumns)]),
    ...(secrets === undefined ? [] : [outcomeCondition(secrets, secretColumns)]),
    ...(holds === undefined ? [] : [holdsCondition(holds, use)]),
    gated.condition,
    ...(text === undefined ? [] : [text.condition]),
  ];
  const tables = imageTables(filter.severityOrder);
  return {
    tables: gate === undefined ? tables : sql`${tables} ${gateTable(gate.bounds)}`,
    condition: sql.join(parts, sql` and `),
    ...(gated.isFew ? { isFew: true } : {}),
    ...(text?.found === undefined ? {} : { found: text.found }),
  };
}

/**
 * A finished scan with doubts is shown as undetermined: doubts change with the feeds, without a scan. An index has no scan
 * of its own.
 */
function stateCondition(state: string): RawBuilder<unknown> {
  switch (state) {
    case 'scanned':
      return sql`c.state = 'scanned' and s.undetermined is not true`;
    case 'undetermined':
      return sql`c.state = 'scanned' and s.undetermined`;
    case 'not-scanned':
      return sql`rm.manifest_digest in (select digest from unscanned_manifest)`;
    default:
      return sql`c.state = ${state}`;
  }
}

function severityCondition(severity: string): RawBuilder<unknown> {
  if (severity === 'none') return sql`s.manifest_digest is not null and s.highest is null`;
  return sql`s.highest = ${severity}`;
}

function holdsCondition(held: HeldPackages, use: 'page' | 'count'): RawBuilder<unknown> {
  const { packageIds } = held;
  switch (use === 'page' ? held.forPage : held.forCount) {
    case 'index':
      return sql`rm.manifest_digest = any(array(
        select i.manifest_digest from image_packages i where ${holdsByIndex(packageIds)}))`;
    case 'pass':
      return sql`rm.manifest_digest in (
        select i.manifest_digest from image_packages i where ${holdsByPass(packageIds)})`;
    case 'each':
      return sql`case when (select ${holdsByPass(packageIds)} from image_packages i
        where i.manifest_digest = rm.manifest_digest) then true else false end`;
  }
}

/** How the last good result of a search ended, and how much it found: partial indices are on the counts as they stand here. */
interface SearchColumns {
  readonly outcome: RawBuilder<unknown>;
  readonly count: RawBuilder<unknown>;
}

const malwareColumns: SearchColumns = { outcome: sql`s.malware_outcome`, count: sql`s.malware_count` };
const secretColumns: SearchColumns = {
  outcome: sql`s.secrets_outcome`,
  count: sql`s.secrets_critical + s.secrets_high + s.secrets_medium + s.secrets_low`,
};

function outcomeCondition(wanted: SearchOutcome, { outcome, count }: SearchColumns): RawBuilder<unknown> {
  switch (wanted) {
    case 'found':
      return sql`${count} > 0`;
    case 'none':
      return sql`${outcome} = 'scanned' and ${count} = 0`;
    case 'unknown':
      return sql`m.kind = 'image' and coalesce(${outcome}, '') not in ('scanned', 'unsupported')`;
  }
}

async function gateCondition(
  db: Database,
  { bounds, kind, isRare }: NonNullable<ImageListFilter['gate']>,
): Promise<{ readonly condition: RawBuilder<unknown>; readonly isFew: boolean }> {
  const fits = mayHaveVerdict(kind);
  if (kind === 'hold' && bounds.every(({ secretSeverities }) => secretSeverities.length === 0)) {
    const { rows } = await sql<{ digest: string }>`${pendingDigests} limit ${pendingLookedUpMax + 1}`.execute(
      db,
    );
    if (rows.length <= pendingLookedUpMax) {
      const digests = rows.map(({ digest }) => digest);
      return { condition: sql`${fits} and rm.manifest_digest = any(${digests}::text[])`, isFew: true };
    }
  }
  // PostgreSQL takes an equation for rare, and such a case for one in two: then it walks the order.
  const condition = isRare === true ? fits : sql`case when ${fits} then true else false end`;
  return { condition, isFew: false };
}

/** Of more, the next page is found sooner by walking the list. */
const pendingLookedUpMax = 5_000;

/**
 * Held is only what has no result yet, and every index above it. State, result and counts are written in one transaction,
 * so a scan that is done has its result. Pending searches for secrets are not among them, those for malware hold nothing.
 * The first condition on the state is that of the index.
 */
const pendingDigests = sql`
  with recursive pending (digest) as (
    (select digest from unscanned_manifest
     union
     select manifest_digest from image_scan
     where category = 'vulnerabilities' and state not in ('scanned', 'unsupported')
       and state not in ('failed', 'incomplete'))
    union
    select k.parent_digest from pending p join manifest_child k on k.child_digest = p.digest)
  select digest from pending`;
