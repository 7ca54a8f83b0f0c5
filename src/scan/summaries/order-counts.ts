import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import { packagesRatedIn } from '../../report/rated-in-order.ts';
import { type Severity, severities } from '../../report/severity.ts';
import { type SeverityOrder, severityOrderOfKey } from '../../report/severity-order.ts';
import { KnownPackages } from '../matches/known-packages.ts';
import { readPackageFacts } from '../matches/read-package-facts.ts';
import { unpackIds } from '../reports/packed-ids.ts';
import { summarise } from './summarise.ts';

/** Images whose packages are in memory together. */
const chunkImages = 500;

/** An image with what is known against its packages. */
export interface CountedImage {
  readonly digest: string;
  readonly packages: readonly PackageFacts[];
}

/** Whether any namespace has another than the default order of severity sources: most installations have none. */
export async function isAnyOrderInUse(db: Database): Promise<boolean> {
  const { rows } = await sql<{ used: boolean }>`
    select exists (select from namespace
      where severity_order is not null or listed_severity_order is not null) as used`.execute(db);
  return rows[0]?.used === true;
}

/**
 * Writes the counts of images by every order that a namespace which holds them has, or is still listed by. The rows of the
 * default order are those of `image_summary`.
 */
export async function writeOrderCounts(db: Database, images: readonly CountedImage[]): Promise<void> {
  const orders = await ordersOf(
    db,
    images.map(({ digest }) => digest),
  );
  const sums = new Map<string, OrderSums>();
  const rows = images.flatMap(({ digest, packages }) =>
    (orders.get(digest) ?? []).map((key) => {
      const own = sums.get(key) ?? new OrderSums(severityOrderOfKey(key));
      sums.set(key, own);
      return { manifest_digest: digest, severity_order: key, ...own.of(packages) };
    }),
  );
  if (rows.length === 0) return;
  await sql`
    insert into image_severity as s (manifest_digest, severity_order, highest, critical, high, medium, low, negligible, unknown)
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n (manifest_digest text, severity_order text,
      highest text, critical int, high int, medium int, low int, negligible int, unknown int)
    order by manifest_digest, severity_order
    on conflict (severity_order, manifest_digest) do update set highest = excluded.highest, critical = excluded.critical,
      high = excluded.high, medium = excluded.medium, low = excluded.low, negligible = excluded.negligible,
      unknown = excluded.unknown
    where (s.highest, s.critical, s.high, s.medium, s.low, s.negligible, s.unknown) is distinct from (excluded.highest,
      excluded.critical, excluded.high, excluded.medium, excluded.low, excluded.negligible, excluded.unknown)`.execute(
    db,
  );
}

type SeverityCounts = Readonly<Record<Severity, number>>;

/** Counts by one order: images share packages, so each package is counted once. */
class OrderSums {
  readonly #order: SeverityOrder;
  readonly #counts = new Map<PackageFacts, SeverityCounts>();

  constructor(order: SeverityOrder) {
    this.#order = order;
  }

  of(packages: readonly PackageFacts[]): SeverityCounts & { readonly highest: Severity | null } {
    const sum = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
    for (const one of packages) {
      const counts = this.#countsOf(one);
      for (const severity of severities) sum[severity] += counts[severity];
    }
    return { ...sum, highest: severities.find((severity) => sum[severity] > 0) ?? null };
  }

  #countsOf(one: PackageFacts): SeverityCounts {
    const known = this.#counts.get(one);
    if (known !== undefined) return known;
    const counts = summarise(packagesRatedIn([one], this.#order));
    this.#counts.set(one, counts);
    return counts;
  }
}

/** `writeOrderCounts()` for images whose packages were not read; those that no such namespace holds cost nothing more. */
export async function writeOrderCountsOf(
  db: Database,
  images: readonly { readonly manifest_digest: string }[],
): Promise<void> {
  const digests = images.map((image) => image.manifest_digest);
  const held = [...(await ordersOf(db, digests)).keys()];
  for (let start = 0; start < held.length; start += chunkImages) {
    const reports = await db
      .selectFrom('image_report')
      .select(['manifest_digest as digest', 'package_set'])
      .where('manifest_digest', 'in', held.slice(start, start + chunkImages))
      .execute();
    const known = new KnownPackages(db);
    const listed = reports.map(({ digest, package_set }) => ({ digest, ids: unpackIds(package_set) }));
    await known.load(listed.flatMap(({ ids }) => ids));
    await writeOrderCounts(
      db,
      listed.map(({ digest, ids }) => ({ digest, packages: known.of(ids) })),
    );
  }
}

/** `writeOrderCounts()` for an image that was judged before it came to the namespace; one without a result has no counts. */
export async function writeOrderCountsOfStored(db: Database, digest: string): Promise<void> {
  const report = await db
    .selectFrom('image_report')
    .select('package_set')
    .where('manifest_digest', '=', digest)
    .executeTakeFirst();
  if (report === undefined) return;
  const packages = [...(await readPackageFacts(db, unpackIds(report.package_set))).values()];
  await writeOrderCounts(db, [{ digest, packages }]);
}

async function ordersOf(
  db: Database,
  digests: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await sql<{ digest: string; orders: string[] }>`
    select rm.manifest_digest as digest, array_agg(distinct wanted.key) as orders
    from repository_manifest rm join repository r on r.id = rm.repository_id join namespace n on n.id = r.namespace_id
    cross join lateral (values (n.severity_order), (n.listed_severity_order)) as wanted (key)
    where rm.manifest_digest = any(${digests}::text[]) and wanted.key is not null
    group by 1`.execute(db);
  return new Map(rows.map(({ digest, orders }) => [digest, orders]));
}
