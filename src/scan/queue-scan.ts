import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import type { Tables } from '../database/tables.ts';
import { inspectorVersion } from '../inspection/inventory/inspector-version.ts';
import { firstPlace, placeFrom, type ScanReason } from './_scan-places.ts';
import {
  type ScanCanceller,
  type ScanEnqueuer,
  scanAttemptsMax,
  scanJobKey,
  scanJobKind,
} from './scan-enqueuer.ts';

export interface QueueScanOptions {
  /** Default `asked`. */
  readonly reason?: ScanReason;
  /** Whose turn it takes in the line; default: the first that holds the image. */
  readonly namespaceId?: number;
  /** Leave out what has a result of the present inspector, or a scan under way. */
  readonly onlyMissing?: boolean;
}

/** Digest of `{}`: many artifacts share it as config, which does not make them one image. */
const emptyConfigDigest = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';

/** Fewer than this many manifests share an image ID in practice; the rest is left to its own scan. */
const sameImageMax = 1_000;

/**
 * Queues the scan of an image, of every image of an index, and of all that have the same image ID, in the caller's
 * transaction. A scan that runs already is left alone. Returns how many were queued.
 */
export async function queueScan(
  transaction: Transaction<Tables>,
  enqueuer: ScanEnqueuer,
  digest: string,
  options: QueueScanOptions = {},
): Promise<number> {
  return await queueScans(transaction, enqueuer, [digest], options);
}

/** `queueScan()` for several digests at once. */
export async function queueScans(
  transaction: Transaction<Tables>,
  enqueuer: ScanEnqueuer,
  digests: readonly string[],
  options: QueueScanOptions = {},
): Promise<number> {
  const { reason = 'asked', namespaceId } = options;
  const onlyMissing = options.onlyMissing === true;
  const nth = sql`row_number() over (partition by a.namespace_id order by a.digest) - 1`;
  const { rows } = await sql<{ manifest_digest: string; place: number }>`
    with recursive ${reachable(digests)},
    wanted as (
      select m.digest from manifest m join reached on reached.digest = m.digest where m.kind <> 'index'
      union
      (select m.digest from manifest m
       where m.kind = 'image' and m.config_digest in (
         select o.config_digest from manifest o join reached on reached.digest = o.digest
         where o.kind = 'image' and o.config_digest <> ${emptyConfigDigest})
       limit ${sameImageMax})
    ),
    asked_for as (
    select w.digest, coalesce(${namespaceId ?? null}::int, (
      select min(r.namespace_id) from repository_manifest rm join repository r on r.id = rm.repository_id
      where rm.manifest_digest = w.digest)) as namespace_id
    from wanted w
    where not ${onlyMissing} or not exists (
      select from image_report r where r.manifest_digest = w.digest and r.inspector_version = ${inspectorVersion})),
    turn as (
    select a.namespace_id, ${firstPlace(reason, sql`a.namespace_id`)} as first
    from (select distinct namespace_id from asked_for) a),
    queued as (insert into image_scan (manifest_digest, category, state, queued_at, place, place_namespace_id, place_reason)
    select a.digest, 'vulnerabilities', 'queued', now(), ${placeFrom(reason, sql`turn.first`, nth)}, a.namespace_id, ${reason}
    from asked_for a join turn on turn.namespace_id is not distinct from a.namespace_id
    order by a.digest
    on conflict (manifest_digest, category) do update
      set state = 'queued', problem = null, cancel_requested = false, layers_done = 0, layers_read = 0,
          layers_total = 0, queued_at = now(), started_at = null, finished_at = null,
          place = case when image_scan.state = 'queued' then least(image_scan.place, excluded.place) else excluded.place end,
          place_namespace_id = excluded.place_namespace_id, place_reason = excluded.place_reason
      where image_scan.state <> 'scanning' and (not ${onlyMissing} or image_scan.state <> 'queued')
    returning manifest_digest, place),
    others as (insert into image_scan (manifest_digest, category, state, queued_at)
    select q.manifest_digest, other.category, 'queued', now()
    from queued q, (values ('secrets'), ('malware')) as other (category) order by 1, 2
    on conflict (manifest_digest, category) do update
      set state = 'queued', problem = null, cancel_requested = false, layers_done = 0, layers_read = 0,
          layers_total = 0, queued_at = now(), started_at = null, finished_at = null)
    select manifest_digest, place from queued`.execute(transaction);
  for (const { manifest_digest: digest, place } of rows) {
    const job = { key: scanJobKey(digest), attemptsMax: scanAttemptsMax, priority: place };
    await enqueuer.enqueue(transaction, scanJobKind, { digest }, job);
    await notify(transaction, 'pratique_scan', digest);
    await notify(transaction, 'pratique_facts', `image:${digest}`);
  }
  return rows.length;
}

/** Queues every image of a namespace that has no result yet, with `secrets` also what was never searched for them: what switching blocking on does (semantics.md §3). */
export async function queueUnscanned(
  transaction: Transaction<Tables>,
  enqueuer: ScanEnqueuer,
  namespaceId: number,
  options: { readonly secrets?: boolean } = {},
): Promise<number> {
  const { rows } = await sql<{ digest: string }>`
    select distinct rm.manifest_digest as digest
    from repository r join repository_manifest rm on rm.repository_id = r.id
    where r.namespace_id = ${namespaceId}
      and not exists (select from image_report i where i.manifest_digest = rm.manifest_digest
        and (i.secrets_outcome is not null or not ${options.secrets === true}))`.execute(transaction);
  return await queueScans(
    transaction,
    enqueuer,
    rows.map(({ digest }) => digest),
    { onlyMissing: true, reason: 'policy', namespaceId },
  );
}

/** Queues images whose packages a scan would call otherwise than the last one did. */
export async function queueRenamed(
  db: Database,
  enqueuer: ScanEnqueuer,
  digests: readonly string[],
): Promise<void> {
  await db
    .transaction()
    .execute((transaction) => queueScans(transaction, enqueuer, digests, { reason: 'distribution' }));
}

/**
 * Cancels the scans of an image, or of every image of an index: a waiting one at once, a running one within 5 seconds.
 * The last result stays. Returns how many there were to cancel. `onCancelled` is done in the same transaction.
 */
export async function cancelScan(
  db: Database,
  canceller: ScanCanceller,
  digest: string,
  onCancelled: (transaction: Transaction<Tables>) => Promise<void> = async () => {},
): Promise<number> {
  const cancelled = await db.transaction().execute(async (transaction) => {
    const digests = await markCancelled(transaction, digest);
    await onCancelled(transaction);
    return digests;
  });
  // Afterwards, so that a job that is aborted finds that it was cancelled.
  for (const one of cancelled) await canceller.cancel(scanJobKey(one));
  return cancelled.length;
}

async function markCancelled(transaction: Transaction<Tables>, digest: string): Promise<readonly string[]> {
  const { rows } = await sql<{ manifest_digest: string }>`
    with recursive ${reachable([digest])},
    led as (
      update image_scan s
      set cancel_requested = true,
          state = case when s.state = 'queued' then 'cancelled' else s.state end,
          finished_at = case when s.state = 'queued' then now() else s.finished_at end
      from reached where s.manifest_digest = reached.digest and s.category = 'vulnerabilities'
        and s.state in ('queued', 'scanning')
      returning s.manifest_digest, s.state, s.finished_at),
    others as (
      update image_scan o set cancel_requested = true, state = led.state, finished_at = led.finished_at
      from led where o.manifest_digest = led.manifest_digest and o.category <> 'vulnerabilities')
    select manifest_digest from led`.execute(transaction);
  for (const { manifest_digest: one } of rows) {
    await notify(transaction, 'pratique_scan', one);
    await notify(transaction, 'pratique_facts', `image:${one}`);
  }
  return rows.map((row) => row.manifest_digest);
}

/** The manifests themselves and all that they list, at any depth; a cycle ends by `union`. */
function reachable(digests: readonly string[]) {
  return sql`reached (digest) as (
    select digest from manifest where digest = any(${digests}::text[])
    union
    select c.child_digest from reached join manifest_child c on c.parent_digest = reached.digest)`;
}
