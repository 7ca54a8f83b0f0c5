import { sql, type Transaction } from 'kysely';
import type pg from 'pg';
import { copyOut } from '../../database/copy-out.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { severities } from '../../report/severity.ts';
import type { FindingCounts } from '../summaries/summarise.ts';
import { intArray } from './int-array.ts';
import type { MatchDetail } from './match-details.ts';
import type { MatchDifferences } from './match-differences.ts';

/** The columns of `package_count`, in the order in which a package's counts lie in memory (see `sum()`). */
const columns = [
  ...(['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const satisfies typeof severities),
  ...(['fixable', 'known_exploited', 'undetermined'] as const),
] as const;
type Column = (typeof columns)[number];
const columnList = columns.join(', ');

/** All of CISA's list, which is short. */
export async function readExploited(db: Database): Promise<ReadonlySet<string>> {
  const listed = await db.selectFrom('known_exploited').select('cve').execute();
  return new Set(listed.map(({ cve }) => cve));
}

/** Adds to the counts of packages what differs, in the transaction that writes the differences and holds the packages. */
export async function addToCounts(
  transaction: Transaction<Tables>,
  { written, resolved, renamed }: Pick<MatchDifferences, 'written' | 'resolved' | 'renamed'>,
  exploited: ReadonlySet<string>,
): Promise<void> {
  if (written.length + resolved.length + renamed.length === 0) return;
  const columnsOf = new Map<MatchDetail, readonly Column[]>();
  const sums = new Map<number, Partial<Record<Column, number>>>();
  const add = (packageId: number, detail: MatchDetail, sign: 1 | -1) => {
    const counted = columnsOf.get(detail) ?? countedIn(detail, exploited);
    columnsOf.set(detail, counted);
    const sum = sums.get(packageId) ?? {};
    for (const column of counted) sum[column] = (sum[column] ?? 0) + sign;
    sums.set(packageId, sum);
  };
  for (const { packageId, detail, before } of written) {
    add(packageId, detail, 1);
    if (before?.resolved === false) add(packageId, before.detail, -1);
  }
  for (const { packageId, detail } of resolved) add(packageId, detail, -1);
  for (const { held, row } of renamed)
    if (row === 'merged' && !held.resolved) add(held.packageId, held.detail, -1);
  const differing = [...sums].filter(([, sum]) => Object.values(sum).some((count) => count !== 0));
  if (differing.length === 0) return;
  const valuesOf = (column: Column) => sql`${intArray(differing.map(([, sum]) => sum[column] ?? 0))}::int[]`;
  await sql`
    insert into package_count as c (package_id, ${sql.raw(columnList)})
    select * from unnest(${intArray(differing.map(([id]) => id))}::int[], ${sql.join(columns.map(valuesOf))})
    order by 1
    on conflict (package_id) do update set
      ${sql.raw(columns.map((column) => `${column} = c.${column} + excluded.${column}`).join(', '))}`.execute(
    transaction,
  );
}

function countedIn(row: MatchDetail, exploited: ReadonlySet<string>): readonly Column[] {
  if (row.status !== 'affected') return ['undetermined'];
  return [
    severities.find((one) => one === row.severity) ?? 'unknown',
    ...(row.fixed_version === null ? [] : (['fixable'] as const)),
    ...([row.vulnerability_id, ...row.aliases].some((id) => exploited.has(id))
      ? (['known_exploited'] as const)
      : []),
  ];
}

/** Counts the exploited vulnerabilities of packages anew: when CISA's list has changed, `addToCounts()` alone would miss it. */
export async function countExploited(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
): Promise<void> {
  if (packageIds.length === 0) return;
  await sql`
    with exploited as (
      select m.package_id, count(*) as known from package_match m
      where m.package_id = any(${packageIds}::int[]) and m.resolved_at is null and m.status = 'affected'
        and (m.vulnerability_id in (select cve from known_exploited)
          or exists (select from unnest(m.aliases) as own (id) where own.id in (select cve from known_exploited)))
      group by m.package_id)
    update package_count c set known_exploited = coalesce(e.known, 0)
    from unnest(${packageIds}::int[]) as asked (id) left join exploited e on e.package_id = asked.id
    where c.package_id = asked.id and c.known_exploited <> coalesce(e.known, 0)`.execute(transaction);
}

/** The counts of all packages that anything stands against, small enough to hold: 36 bytes for each id. */
export class PackageCounts {
  readonly #counts: Int32Array;
  readonly #unsure: ReadonlyMap<number, { readonly name: string; readonly version: string }>;

  private constructor(counts: Int32Array, unsure: ReadonlyMap<number, { name: string; version: string }>) {
    this.#counts = counts;
    this.#unsure = unsure;
  }

  static async read(client: pg.ClientBase): Promise<PackageCounts> {
    const { rows: last } = await client.query<{ id: number }>(
      'select coalesce(max(package_id), 0) as id from package_count',
    );
    const width = columns.length;
    const counts = new Int32Array(((last[0]?.id ?? 0) + 1) * width);
    for await (const rows of copyOut(client, `select package_id, ${columnList} from package_count`))
      for (const row of rows) {
        const start = (row[0]?.readInt32BE() ?? 0) * width;
        // One that came after the highest id was read belongs to no image that this pass sees.
        for (let index = 0; index < width; index += 1)
          counts[start + index] = row[index + 1]?.readInt32BE() ?? 0;
      }
    const { rows: unsure } = await client.query<{ id: number; name: string; version: string }>(
      'select p.id, p.name, p.version from package_count c join package p on p.id = c.package_id where c.undetermined > 0',
    );
    return new PackageCounts(counts, new Map(unsure.map(({ id, ...named }) => [id, named])));
  }

  /** What the packages of an image come to, and those whose version cannot be compared, in their order. */
  sum(ids: ArrayLike<number>): {
    readonly counts: FindingCounts;
    readonly unsure: readonly { readonly name: string; readonly version: string }[];
  } {
    const all = this.#counts;
    const sums = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
    let [fixable, knownExploited] = [0, 0];
    const unsure: { readonly name: string; readonly version: string }[] = [];
    // Column by column, without a loop: of a million images with hundreds of packages each, this is most of what a pass takes.
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index] ?? 0;
      const start = id * columns.length;
      if (start >= all.length) continue; // nothing stands against it
      sums.critical += all[start] ?? 0;
      sums.high += all[start + 1] ?? 0;
      sums.medium += all[start + 2] ?? 0;
      sums.low += all[start + 3] ?? 0;
      sums.negligible += all[start + 4] ?? 0;
      sums.unknown += all[start + 5] ?? 0;
      fixable += all[start + 6] ?? 0;
      knownExploited += all[start + 7] ?? 0;
      const named = all[start + 8] === 0 ? undefined : this.#unsure.get(id);
      if (named !== undefined) unsure.push(named);
    }
    const highest = severities.find((severity) => sums[severity] > 0) ?? null;
    return { counts: { ...sums, highest, fixable, knownExploited }, unsure };
  }
}
