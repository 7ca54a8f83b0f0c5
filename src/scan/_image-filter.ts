import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Severity } from '../report/severity.ts';
import { boundVerdict, type GateBound, gateTable } from './verdict-bounds.ts';

/** Which images a list shows; absent parts mean "every". */
export interface ImageListFilter {
  /** Namespaces that the reader may see; absent: all of them. */
  readonly namespaceIds?: readonly number[];
  readonly ids?: readonly number[];
  readonly repository?: string;
  /** Part of `namespace/repository` or of a tag, or the start of a digest; no character in it is special. */
  readonly search?: string;
  readonly kind?: string;
  readonly state?: string;
  /** The highest severity; `none`: judged and nothing found. */
  readonly severity?: Severity | 'none';
  /** `unknown`: not looked for, or not in all of it. An index has no search of its own. */
  readonly malware?: 'found' | 'none' | 'unknown';
  /**
   * Leaves out what certainly has another verdict; `undefined` as its kind: what only facts can tell. Namespaces
   * without a bound have no images then.
   */
  readonly gate?: {
    readonly bounds: readonly GateBound[];
    readonly kind: string | undefined;
    /** So few have it that they are better looked for among all than met on the way. */
    readonly isRare?: boolean;
  };
}

/** Tables and conditions of a filter, ready to be put into a statement. */
export interface PreparedFilter {
  readonly tables: RawBuilder<unknown>;
  readonly condition: RawBuilder<unknown>;
}

/**
 * A text that fewer tags and repositories bear is looked up from these; of one that more bear, the next page is found
 * sooner by walking the list.
 */
const tagsLookedUpMax = 5_000;
const repositoriesLookedUpMax = 500;

/** Joined from the left: PostgreSQL leaves out those that a statement does not use. */
const imageTables = sql`
  repository_manifest rm
  left join repository r on r.id = rm.repository_id
  left join namespace n on n.id = r.namespace_id
  left join manifest m on m.digest = rm.manifest_digest
  left join image_summary s on s.manifest_digest = rm.manifest_digest
  left join image_scan c on c.manifest_digest = rm.manifest_digest and c.category = 'vulnerabilities'`;

export async function prepareFilter(db: Database, filter: ImageListFilter): Promise<PreparedFilter> {
  const { namespaceIds, ids, repository, kind, state, severity, malware, gate } = filter;
  const search = filter.search?.toLowerCase() ?? '';
  const parts = [
    sql`true`,
    ...(namespaceIds === undefined ? [] : [sql`r.namespace_id = any(${namespaceIds}::bigint[])`]),
    ...(ids === undefined ? [] : [sql`rm.id = any(${ids}::bigint[])`]),
    ...(repository === undefined ? [] : [sql`r.name = ${repository}`]),
    ...(kind === undefined ? [] : [sql`m.kind = ${kind}`]),
    ...(state === undefined ? [] : [stateCondition(state)]),
    ...(severity === undefined ? [] : [severityCondition(severity)]),
    ...(malware === undefined ? [] : [malwareCondition(malware)]),
    ...(gate === undefined ? [] : [gateCondition(gate)]),
    ...(search === '' ? [] : [await searchCondition(db, search)]),
  ];
  return {
    tables: gate === undefined ? imageTables : sql`${imageTables} ${gateTable(gate.bounds)}`,
    condition: sql.join(parts, sql` and `),
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

function malwareCondition(malware: NonNullable<ImageListFilter['malware']>): RawBuilder<unknown> {
  switch (malware) {
    case 'found':
      return sql`s.malware_count > 0`;
    case 'none':
      return sql`s.malware_outcome = 'scanned' and s.malware_count = 0`;
    case 'unknown':
      return sql`m.kind = 'image' and coalesce(s.malware_outcome, '') not in ('scanned', 'unsupported')`;
  }
}

function gateCondition({ kind, isRare }: NonNullable<ImageListFilter['gate']>): RawBuilder<unknown> {
  if (kind === undefined) return sql`(${boundVerdict}) is null`;
  const fits = sql`coalesce(${boundVerdict}, ${kind}) = ${kind}`;
  // PostgreSQL takes an equation for rare, and such a case for one in two: then it walks the order.
  return isRare === true ? fits : sql`case when ${fits} then true else false end`;
}

async function searchCondition(db: Database, search: string): Promise<RawBuilder<unknown>> {
  // strpos() knows no wildcards; in the pattern for the index they are escaped (threats.md E2).
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const [repositories, tags] = await Promise.all([
    sql<{ id: number }>`
      select r.id from repository r join namespace n on n.id = r.namespace_id
      where strpos(n.name || '/' || r.name, ${search}) > 0 limit ${repositoriesLookedUpMax + 1}`.execute(db),
    sql<{ repository: number; digest: string }>`
      select t.repository_id as repository, t.manifest_digest as digest from tag t
      where lower(t.name) like ${pattern} limit ${tagsLookedUpMax + 1}`.execute(db),
  ]);
  const repositoryIds = repositories.rows.map(({ id }) => id);
  const digests = digestCondition(search);
  const isFew = repositoryIds.length <= repositoriesLookedUpMax;
  if (isFew && tags.rows.length <= tagsLookedUpMax) {
    const found = [
      sql`select x.id from repository_manifest x where x.repository_id = any(${repositoryIds}::bigint[])`,
      sql`select x.id from unnest(${tags.rows.map((tag) => tag.repository)}::bigint[],
          ${tags.rows.map((tag) => tag.digest)}::text[]) as t (repository_id, digest)
        join repository_manifest x on x.repository_id = t.repository_id and x.manifest_digest = t.digest`,
      ...digests.map(
        (condition) => sql`
        select x.id from manifest d join repository_manifest x on x.manifest_digest = d.digest where ${condition}`,
      ),
    ];
    return sql`rm.id in (${sql.join(found, sql` union all `)})`;
  }
  const named = isFew
    ? sql`rm.repository_id = any(${repositoryIds}::bigint[])`
    : sql`strpos(n.name || '/' || r.name, ${search}) > 0`;
  return sql`(${named} ${
    digests.length === 0
      ? sql``
      : sql`or exists (
      select from manifest d where d.digest = rm.manifest_digest and (${sql.join(digests, sql` or `)}))`
  }
    or (select true from tag t where t.repository_id = rm.repository_id and t.manifest_digest = rm.manifest_digest
        and strpos(lower(t.name), ${search}) > 0 limit 1))`;
}

/** Of a text that can be the start of a digest: of the manifest's, or of its config's (the image ID). As ranges, for the indexes. */
function digestCondition(search: string): readonly RawBuilder<unknown>[] {
  const [, algorithm = 'sha256', hex] = /^(?:(sha256|sha512):)?([0-9a-f]{1,128})$/.exec(search) ?? [];
  if (hex === undefined) return [];
  const from = `${algorithm}:${hex}`;
  const until = `${from}g`; // behind every hexadecimal digit
  return [
    sql`d.digest >= ${from} and d.digest < ${until}`,
    sql`d.config_digest >= ${from} and d.config_digest < ${until}`,
  ];
}
