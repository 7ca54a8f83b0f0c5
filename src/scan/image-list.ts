import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Doubt, ScanProblem, ScanState } from '../report/scan-state.ts';
import type { Severity } from '../report/severity.ts';

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
}

export type ImageSort = 'pushedAt' | 'severity' | 'repository' | 'size';

export interface ImageListOrder {
  readonly by: ImageSort;
  readonly descending: boolean;
}

export type KeyValue = string | number | null;

/** The sort values of an image, its id last: what `after` of the next page takes. */
export type ImageKey = readonly KeyValue[];

/** An image as far as filters, sort and gate need it. */
export interface ImageRef {
  readonly id: number;
  readonly namespaceId: number;
  readonly namespace: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly key: ImageKey;
}

export interface ImageScanRow {
  readonly state: ScanState;
  readonly problem: ScanProblem | null;
  readonly layersDone: number;
  readonly layersTotal: number;
  readonly layersRead: number;
  readonly queuedAt: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface ImageSeverityRow extends Readonly<Record<Severity, number>> {
  readonly highest: Severity | null;
  readonly fixable: number;
  readonly knownExploited: number;
}

/** An image as lists show it. An index shows the scan and the severity of its worst image. */
export interface ImageRow extends Omit<ImageRef, 'key'> {
  readonly tags: readonly string[];
  readonly mediaType: string;
  readonly configDigest: string | null;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string } | null;
  readonly sizeBytes: number;
  readonly pushedAt: Date;
  readonly pushedBy: string;
  readonly scan: ImageScanRow;
  /** Null: never judged. */
  readonly severity: ImageSeverityRow | null;
  readonly doubts: readonly Doubt[];
}

/** The types of the values of `ImageKey` for a sort. */
export function imageKeyForms(by: ImageSort): readonly ('string' | 'number')[] {
  return keys[by].map(({ form }) => form);
}

/**
 * One page of images in order, without what only the page's rows need (`readImageRows()`). `after` is the key of the
 * last image of the page before: no page shifts when images come or go.
 */
export async function readImageRefs(
  db: Database,
  options: {
    readonly filter: ImageListFilter;
    readonly order: ImageListOrder;
    readonly after?: ImageKey | undefined;
    readonly limit: number;
  },
): Promise<readonly ImageRef[]> {
  const { filter, order, after, limit } = options;
  const columns = keys[order.by];
  const direction = order.descending ? sql`desc` : sql`asc`;
  const beyond =
    after === undefined
      ? sql`true`
      : sql`(${sql.join(columns.map(({ column }) => column))}) ${order.descending ? sql`<` : sql`>`}
            (${sql.join(columns.map(({ bound }, index) => bound(after[index] ?? null)))})`;
  const { rows } = await sql<ImageRef>`
    select rm.id, n.id as "namespaceId", n.name as namespace, r.name as repository, m.digest, m.kind,
           json_build_array(${sql.join(columns.map(({ column, shown }) => shown ?? column))}) as key
    from ${imageTables}
    where ${condition(filter)} and ${beyond}
    order by ${sql.join(columns.map(({ column }) => sql`${column} ${direction}`))}
    limit ${limit}`.execute(db);
  return rows;
}

export async function countImages(db: Database, filter: ImageListFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${imageTables} where ${condition(filter)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Images per namespace; one without any is not in the map. */
export async function countImagesOf(
  db: Database,
  namespaceIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await sql<{ id: number; count: number }>`
    select r.namespace_id as id, count(*) as count
    from repository_manifest rm join repository r on r.id = rm.repository_id
    where r.namespace_id = any(${namespaceIds}::bigint[]) group by 1`.execute(db);
  return new Map(rows.map(({ id, count }) => [id, count]));
}

/** The images with these ids, in the order of `ids`; those that have gone are left out. */
export async function readImageRows(db: Database, ids: readonly number[]): Promise<readonly ImageRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<ImageRow>`
    select rm.id, n.id as "namespaceId", n.name as namespace, r.name as repository,
           m.digest, m.kind, m.media_type as "mediaType", m.config_digest as "configDigest",
           m.image_size_bytes as "sizeBytes", rm.pushed_at as "pushedAt", rm.pushed_by as "pushedBy",
           coalesce(tags.names, '{}') as tags, child.platform, worst.doubts,
           ${scanColumns} as scan, ${severityColumns} as severity
    from unnest(${ids}::bigint[]) with ordinality as wanted (id, position)
    join repository_manifest rm on rm.id = wanted.id
    join repository r on r.id = rm.repository_id
    join namespace n on n.id = r.namespace_id
    join manifest m on m.digest = rm.manifest_digest
    left join lateral (
      select array_agg(t.name order by t.updated_at desc, t.name) as names
      from tag t where t.repository_id = rm.repository_id and t.manifest_digest = m.digest
    ) tags on true
    left join lateral (
      select jsonb_strip_nulls(jsonb_build_object(
        'os', p.platform ->> 'os', 'architecture', p.platform ->> 'architecture', 'variant', p.platform ->> 'variant'
      )) as platform
      from manifest_child p
      where p.child_digest = m.digest and p.platform ? 'os' and p.platform ? 'architecture' limit 1
    ) child on true
    left join lateral (${worstOf}) worst on true
    order by wanted.position`.execute(db);
  return rows.map((row) => ({ ...row, scan: withDates(row.scan), doubts: row.doubts ?? [] }));
}

interface KeyColumn {
  readonly column: RawBuilder<unknown>;
  /** How the value is written into the key, where JSON alone would lose something. */
  readonly shown?: RawBuilder<unknown>;
  /** The value of a key as the column's type; must not fail for any value of `form`: keys come back from clients. */
  readonly bound: (value: KeyValue) => RawBuilder<unknown>;
  readonly form: 'string' | 'number';
}

function integer(column: RawBuilder<unknown>): KeyColumn {
  return { column, bound: (value) => sql`${value}::bigint`, form: 'number' };
}

function count(column: RawBuilder<unknown>): KeyColumn {
  return integer(sql`coalesce(${column}, -1)`);
}

function text(column: RawBuilder<unknown>): KeyColumn {
  return { column, bound: (value) => sql`${value}::text collate "C"`, form: 'string' };
}

const id = integer(sql`rm.id`);

/** In microseconds: a JavaScript date has only milliseconds, and rows between two would be skipped. */
const pushedAt: KeyColumn = {
  column: sql`rm.pushed_at`,
  shown: sql`(extract(epoch from rm.pushed_at) * 1000000)::bigint`,
  bound: (value) => sql`timestamptz 'epoch' + ${value}::bigint * interval '1 microsecond'`,
  form: 'number',
};

const keys: Readonly<Record<ImageSort, readonly KeyColumn[]>> = {
  pushedAt: [pushedAt, id],
  severity: [
    count(sql`s.critical`),
    count(sql`s.high`),
    count(sql`s.medium`),
    count(sql`s.low`),
    count(sql`s.negligible`),
    count(sql`s.unknown`),
    id,
  ],
  repository: [text(sql`n.name`), text(sql`r.name`), id],
  size: [integer(sql`m.image_size_bytes`), id],
};

const imageTables = sql`
  repository_manifest rm
  join repository r on r.id = rm.repository_id
  join namespace n on n.id = r.namespace_id
  join manifest m on m.digest = rm.manifest_digest
  left join image_summary s on s.manifest_digest = m.digest
  left join image_scan c on c.manifest_digest = m.digest and c.category = 'vulnerabilities'`;

/** A finished scan with doubts is shown as undetermined: doubts change with the feeds, without a scan. */
function shownState(scan: string, summary: string): RawBuilder<string> {
  const state = sql.ref(`${scan}.state`);
  const undetermined = sql.ref(`${summary}.undetermined`);
  return sql`case when ${state} = 'scanned' and ${undetermined} then 'undetermined' else coalesce(${state}, 'not-scanned') end`;
}

function condition(filter: ImageListFilter): RawBuilder<unknown> {
  const parts = [sql`true`];
  if (filter.namespaceIds !== undefined) parts.push(sql`n.id = any(${filter.namespaceIds}::bigint[])`);
  if (filter.ids !== undefined) parts.push(sql`rm.id = any(${filter.ids}::bigint[])`);
  if (filter.repository !== undefined) parts.push(sql`r.name = ${filter.repository}`);
  if (filter.kind !== undefined) parts.push(sql`m.kind = ${filter.kind}`);
  if (filter.state !== undefined) {
    parts.push(sql`m.kind <> 'index' and ${shownState('c', 's')} = ${filter.state}`);
  }
  if (filter.severity === 'none') parts.push(sql`s.manifest_digest is not null and s.highest is null`);
  else if (filter.severity !== undefined) parts.push(sql`s.highest = ${filter.severity}`);
  if (filter.search !== undefined && filter.search !== '') {
    const search = filter.search.toLowerCase();
    // strpos() and starts_with() know no wildcards, so nothing in the text needs escaping (threats.md E2).
    parts.push(sql`(
      strpos(n.name || '/' || r.name, ${search}) > 0
      or starts_with(m.digest, ${search}) or starts_with(substr(m.digest, 8), ${search})
      or starts_with(coalesce(m.config_digest, ''), ${search})
      or exists (
        select from tag t where t.repository_id = rm.repository_id and t.manifest_digest = m.digest
          and strpos(lower(t.name), ${search}) > 0))`);
  }
  return sql`${sql.join(parts, sql` and `)}`;
}

/** The scan and the summary of an image itself, or of the worst image of an index: first what is not settled, then by counts. */
const worstOf = sql`
  select c.*, s.highest, s.critical, s.high, s.medium, s.low, s.negligible, s.unknown, s.fixable, s.known_exploited,
         s.manifest_digest as judged, ${shownState('c', 's')} as shown_state, coalesce(s.doubts, '[]') as doubts
  from (
    select m.digest where m.kind <> 'index'
    union all
    select k.child_digest from manifest_child k where m.kind = 'index' and k.parent_digest = m.digest
  ) self
  join manifest one on one.digest = self.digest and (m.kind <> 'index' or one.kind = 'image')
  left join image_summary s on s.manifest_digest = one.digest
  left join image_scan c on c.manifest_digest = one.digest and c.category = 'vulnerabilities'
  order by array_position(
             array['scanning', 'queued', 'failed', 'incomplete', 'cancelled', 'not-scanned', 'undetermined'],
             ${shownState('c', 's')}) nulls last,
           s.critical desc nulls last, s.high desc, s.medium desc, s.low desc, s.negligible desc, s.unknown desc
  limit 1`;

const scanColumns = sql`json_build_object(
  'state', coalesce(worst.shown_state, 'not-scanned'), 'problem', worst.problem,
  'layersDone', coalesce(worst.layers_done, 0), 'layersTotal', coalesce(worst.layers_total, 0),
  'layersRead', coalesce(worst.layers_read, 0),
  'queuedAt', worst.queued_at, 'startedAt', worst.started_at, 'finishedAt', worst.finished_at)`;

const severityColumns = sql`case when worst.judged is null then null else json_build_object(
  'highest', worst.highest, 'critical', worst.critical, 'high', worst.high, 'medium', worst.medium, 'low', worst.low,
  'negligible', worst.negligible, 'unknown', worst.unknown, 'fixable', worst.fixable,
  'knownExploited', worst.known_exploited) end`;

/** JSON has no instants: what the database wrote as text becomes one again. */
function withDates(scan: ImageScanRow): ImageScanRow {
  return {
    ...scan,
    queuedAt: toDate(scan.queuedAt),
    startedAt: toDate(scan.startedAt),
    finishedAt: toDate(scan.finishedAt),
  };
}

function toDate(value: Date | string | null): Date | null {
  return value === null ? null : new Date(value);
}
