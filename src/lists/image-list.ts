import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Doubt, ScanProblem, ScanState } from '../report/scan-state.ts';
import type { Severity } from '../report/severity.ts';
import { indexImagesMax } from '../scan/reports/read-facts.ts';
import { type ImageListFilter, type PreparedFilter, prepareFilter } from './_image-filter.ts';
import { type ImageKey, type ImageListOrder, id, type KeyColumn, keys, unjudgedKey } from './_image-order.ts';
import { mergeInOrder, type OrderGroup, orderGroups } from './_order-groups.ts';

export type { ImageListFilter } from './_image-filter.ts';

export { type ImageKey, type ImageListOrder, type ImageSort, imageKeyForms } from './_image-order.ts';

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

export interface ImagePage {
  readonly filter: ImageListFilter;
  readonly order: ImageListOrder;
  readonly after?: ImageKey | undefined;
  readonly limit: number;
}

/**
 * One page of images in order, without what only the page's rows need (`readImageRows()`). `after` is the key of the
 * last image of the page before: no page shifts when images come or go. Each order walks an index, however many there are.
 */
export async function readImageRefs(db: Database, page: ImagePage): Promise<readonly ImageRef[]> {
  const { filter, order, limit } = page;
  const isRated = order.by === 'severity' || filter.severity !== undefined || filter.gate !== undefined;
  const parts: (readonly ImageRef[])[] = [];
  for (const part of isRated ? await orderGroups(db, filter) : [filter])
    parts.push(await readPart(db, { ...page, filter: part }));
  return mergeInOrder(parts, { descending: order.descending, limit });
}

async function readPart(
  db: Database,
  page: ImagePage & { readonly filter: OrderGroup },
): Promise<readonly ImageRef[]> {
  const filter = await prepareFilter(db, page.filter);
  switch (page.order.by) {
    case 'severity':
      return await readBySeverity(db, page, filter);
    case 'repository':
      return await readByRepository(db, page, filter);
    case 'size': {
      // Every manifest is there: said, so that PostgreSQL may begin with the manifests.
      const condition = sql`m.digest is not null and ${filter.condition}`;
      return await readInOrder(db, page, { ...filter, condition, columns: keys.size });
    }
    case 'pushedAt':
      return await readInOrder(db, page, { ...filter, columns: keys.pushedAt });
  }
}

/** One statement: `columns` are the order, and bound the page where it has begun. */
async function readInOrder(
  db: Database,
  { order, after, limit }: Pick<ImagePage, 'order' | 'after' | 'limit'>,
  from: PreparedFilter & { readonly columns: readonly KeyColumn[] },
): Promise<readonly ImageRef[]> {
  const { columns } = from;
  const direction = order.descending ? sql`desc` : sql`asc`;
  const page = sql<ImageRef>`
    select rm.id, n.id as "namespaceId", n.name as namespace, r.name as repository, m.digest, m.kind,
           json_build_array(${sql.join(columns.map(({ column, shown }) => shown ?? column))}) as key
    from ${from.tables}
    where ${from.condition} and ${after === undefined ? sql`true` : beyond(columns, after, order)}
    order by ${sql.join(columns.map(({ column }) => sql`${column} ${direction}`))}
    limit ${limit}`;
  if (from.isFew !== true) return (await page.execute(db)).rows;
  return await db.transaction().execute(async (transaction) => {
    // Of a thousand images, PostgreSQL would read all summaries and scans rather than look up theirs.
    await sql`select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`.execute(
      transaction,
    );
    return (await page.execute(transaction)).rows;
  });
}

/**
 * Where an order runs over two tables, the part in the first alone is said again: an index can begin there. PostgreSQL
 * would take the comparison over both for rare and read everything first; such a case it takes for one in two.
 */
function beyond(columns: readonly KeyColumn[], after: ImageKey, order: ImageListOrder): RawBuilder<unknown> {
  const compare = (count: number, sign: RawBuilder<unknown>) =>
    sql`(${sql.join(columns.slice(0, count).map(({ column }) => column))}) ${sign}
      (${sql.join(columns.slice(0, count).map(({ bound }, index) => bound(after[index] ?? null)))})`;
  const exact = compare(columns.length, order.descending ? sql`<` : sql`>`);
  if (order.by === 'pushedAt') return exact;
  const first = compare(columns.length - 1, order.descending ? sql`<=` : sql`>=`);
  return sql`${first} and case when ${exact} then true else false end`;
}

/** Images that were never judged stand behind all others, as if each count were below zero. */
async function readBySeverity(
  db: Database,
  page: ImagePage,
  filter: PreparedFilter,
): Promise<readonly ImageRef[]> {
  const { order, after, limit } = page;
  const judged = { ...filter, condition: sql`s.manifest_digest is not null and ${filter.condition}` };
  // Every index is one: said as a case, which PostgreSQL takes for one in two, so that it walks the order.
  const isUnjudged = sql`case when s.manifest_digest is null then true else false end`;
  const unjudged = { ...filter, condition: sql`${isUnjudged} and ${filter.condition}` };
  const parts = [
    { isJudged: true, from: { ...judged, columns: keys.severity } },
    { isJudged: false, from: { ...unjudged, columns: [id] } },
  ];
  const isAfterUnjudged = after?.[0] === -1;
  const refs: ImageRef[] = [];
  for (const { isJudged, from } of order.descending ? parts : parts.toReversed()) {
    const isBegun = after !== undefined && isAfterUnjudged !== isJudged;
    const isOver = after !== undefined && !isBegun && isJudged === order.descending;
    if (isOver || refs.length >= limit) continue;
    const ownKey = isJudged ? after : after?.slice(-1);
    const rest = { order, limit: limit - refs.length, ...(isBegun ? { after: ownKey } : {}) };
    const found = await readInOrder(
      db,
      isJudged ? rest : { ...rest, order: { ...order, by: 'pushedAt' } },
      from,
    );
    refs.push(...(isJudged ? found : found.map((ref) => ({ ...ref, key: [...unjudgedKey, ...ref.key] }))));
  }
  return refs;
}

/** No index runs over three tables, so this goes from repository to repository, more at a time the fewer it finds. */
async function readByRepository(
  db: Database,
  { filter, order, after, limit }: ImagePage,
  prepared: PreparedFilter,
): Promise<readonly ImageRef[]> {
  const refs: ImageRef[] = [];
  const { namespaceIds, repository } = filter;
  const direction = order.descending ? sql`desc` : sql`asc`;
  const visible = namespaceIds === undefined ? sql`true` : sql`n.id = any(${namespaceIds}::bigint[])`;
  const named = repository === undefined ? sql`true` : sql`r.name = ${repository}`;
  const [first, second] = keys.repository;
  let last = after?.slice(0, 2);
  let isLastIncluded = true;
  for (let batch = 20; refs.length < limit; batch *= 4) {
    const sign = sql.raw(`${order.descending ? '<' : '>'}${isLastIncluded ? '=' : ''}`);
    const begun =
      last === undefined
        ? sql`true`
        : sql`(n.name, r.name) ${sign} (${first?.bound(last[0] ?? null)}, ${second?.bound(last[1] ?? null)})`;
    const { rows } = await sql<{ id: number; namespace: string; name: string }>`
      select r.id, n.name as namespace, r.name from repository r join namespace n on n.id = r.namespace_id
      where ${visible} and ${named} and ${begun}
      order by n.name ${direction}, r.name ${direction} limit ${batch}`.execute(db);
    const here = sql`rm.repository_id = any(${rows.map((row) => row.id)}::bigint[]) and ${prepared.condition}`;
    const from = { ...prepared, condition: here, columns: keys.repository };
    if (rows.length > 0)
      refs.push(...(await readInOrder(db, { order, after, limit: limit - refs.length }, from)));
    const end = rows.at(-1);
    if (end === undefined || rows.length < batch) break;
    last = [end.namespace, end.name];
    isLastIncluded = false;
  }
  return refs;
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

/** A finished scan with doubts is shown as undetermined: doubts change with the feeds, without a scan. */
function shownState(scan: string, summary: string): RawBuilder<string> {
  const state = sql.ref(`${scan}.state`);
  const undetermined = sql.ref(`${summary}.undetermined`);
  return sql`case when ${state} = 'scanned' and ${undetermined} then 'undetermined' else coalesce(${state}, 'not-scanned') end`;
}

/** A count by the order of severity sources that the namespace's lists follow. */
function inOrder(severity: Severity): RawBuilder<unknown> {
  return sql`coalesce(${sql.ref(`o.${severity}`)}, ${sql.ref(`s.${severity}`)})`;
}

/** The scan and the summary of an image itself, or of the worst image of an index: first what is not settled, then by counts. */
const worstOf = sql`
  select c.*, case when o.severity_order is null then s.highest else o.highest end as highest,
         ${inOrder('critical')} as critical, ${inOrder('high')} as high, ${inOrder('medium')} as medium,
         ${inOrder('low')} as low, ${inOrder('negligible')} as negligible, ${inOrder('unknown')} as unknown,
         s.fixable, s.known_exploited,
         s.manifest_digest as judged, ${shownState('c', 's')} as shown_state, coalesce(s.doubts, '[]') as doubts
  from (
    select m.digest where m.kind <> 'index'
    union all
    select k.child_digest from manifest_child k
    where m.kind = 'index' and k.parent_digest = m.digest and k.position < ${indexImagesMax}
  ) self
  join manifest one on one.digest = self.digest and (m.kind <> 'index' or one.kind = 'image')
  left join image_summary s on s.manifest_digest = one.digest
  left join image_severity o on o.manifest_digest = one.digest and o.severity_order = n.listed_severity_order
  left join image_scan c on c.manifest_digest = one.digest and c.category = 'vulnerabilities'
  order by array_position(
             array['scanning', 'queued', 'failed', 'incomplete', 'cancelled', 'not-scanned', 'undetermined'],
             ${shownState('c', 's')}) nulls last,
           ${inOrder('critical')} desc nulls last, ${inOrder('high')} desc, ${inOrder('medium')} desc,
           ${inOrder('low')} desc, ${inOrder('negligible')} desc, ${inOrder('unknown')} desc
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
