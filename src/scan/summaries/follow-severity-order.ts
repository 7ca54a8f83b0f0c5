import { sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { KnownPackages } from '../matches/known-packages.ts';
import { lockMatching } from '../matches/match-lock.ts';
import { unpackIds } from '../reports/packed-ids.ts';
import type { ScanEnqueuer } from '../scan-enqueuer.ts';
import { writeOrderCounts } from './order-counts.ts';

/** The job kind that `followSeverityOrder()` does; its payload is `{ namespaceId }`. */
export const severityOrderJobKind = 'follow-severity-order';

/** Images whose counts are written in one statement. */
const chunkImages = 2_000;
/** Images in one transaction: bounds the time for which a re-match waits. */
const stepImages = 20_000;

/** Queues, in the transaction that changes a namespace's order, what its lists need to follow. */
export async function queueSeverityOrder(
  transaction: Transaction<Tables>,
  enqueuer: ScanEnqueuer,
  namespaceId: number,
): Promise<void> {
  const key = `${severityOrderJobKind}:${namespaceId}`;
  // Before scans: it is short, and until it is done lists count by the former order.
  await enqueuer.enqueue(transaction, severityOrderJobKind, { namespaceId }, { key, priority: -1 });
}

/**
 * Counts the findings of a namespace's images by its order of severity sources, then lets its lists show those counts:
 * until then they show the former ones, whole. No layer is read. Returns how many images were counted.
 */
export async function followSeverityOrder(
  db: Database,
  { namespaceId, signal }: { readonly namespaceId: number; readonly signal?: AbortSignal },
): Promise<number> {
  const namespace = await db
    .selectFrom('namespace')
    .select('severity_order')
    .where('id', '=', namespaceId)
    .executeTakeFirst();
  if (namespace === undefined) return 0;
  const { severity_order: key } = namespace;
  let images = 0;
  for (let after: string | undefined = ''; key !== null && after !== undefined; ) {
    signal?.throwIfAborted();
    const step = await countStep(db, { namespaceId, after });
    images += step.images;
    after = step.last;
  }
  // Where the order was changed again meanwhile, the job of that change does this.
  await sql`
    update namespace set listed_severity_order = severity_order
    where id = ${namespaceId} and severity_order is not distinct from ${key}`.execute(db);
  await sql`
    delete from image_severity s where not exists (
      select from namespace n where s.severity_order in (n.severity_order, n.listed_severity_order))`.execute(
    db,
  );
  return images;
}

/** Counts images behind `after`; `last` is absent when there are no more. */
async function countStep(
  db: Database,
  { namespaceId, after }: { readonly namespaceId: number; readonly after: string },
): Promise<{ readonly images: number; readonly last: string | undefined }> {
  return await db.transaction().execute(async (transaction) => {
    await lockMatching(transaction);
    const known = new KnownPackages(transaction);
    let images = 0;
    let last: string | undefined = after;
    while (last !== undefined && images < stepImages) {
      const reports = await readReports(transaction, { namespaceId, after: last });
      const sets = reports.map(({ digest, packed }) => ({ digest, ids: unpackIds(packed) }));
      await known.load(sets.flatMap(({ ids }) => ids));
      await writeOrderCounts(
        transaction,
        sets.map(({ digest, ids }) => ({ digest, packages: known.of(ids) })),
      );
      images += reports.length;
      last = reports.length < chunkImages ? undefined : reports.at(-1)?.digest;
    }
    return { images, last };
  });
}

async function readReports(
  db: Database,
  { namespaceId, after }: { readonly namespaceId: number; readonly after: string },
): Promise<readonly { readonly digest: string; readonly packed: Buffer }[]> {
  const { rows } = await sql<{ digest: string; packed: Buffer }>`
    select i.manifest_digest as digest, i.package_set as packed from image_report i
    where i.manifest_digest > ${after} and exists (
      select from repository_manifest rm join repository r on r.id = rm.repository_id
      where rm.manifest_digest = i.manifest_digest and r.namespace_id = ${namespaceId})
    order by 1 limit ${chunkImages}`.execute(db);
  return rows;
}
