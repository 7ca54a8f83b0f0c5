import { sql, type Transaction } from 'kysely';
import { readFeedKnowledge } from '../advisories/feed-doubts.ts';
import type { Database } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import type { Tables } from '../database/tables.ts';
import { inspectorVersion } from '../inspection/inventory/inspector-version.ts';
import { countSecrets } from '../report/image-secrets.ts';
import type { Doubt } from '../report/scan-state.ts';
import { secretFacts } from './image-secrets.ts';
import type { InspectedImage } from './inspect-image.ts';
import type { InternedInventory } from './intern-inventory.ts';
import type { DifferenceObserver } from './matches/difference-observer.ts';
import { lockMatching } from './matches/match-lock.ts';
import { readPackageFacts } from './matches/read-package-facts.ts';
import { type StandingMalware, writeMalware } from './reports/image-malware-store.ts';
import { encodePlaces, type StoredPlaces } from './reports/image-places.ts';
import { encodeSecrets, keepFirstSeen } from './reports/image-secrets-store.ts';
import { unpackIds } from './reports/packed-ids.ts';
import { isRun, type ScanRun } from './scan-run.ts';
import { imageDoubts } from './summaries/image-doubts.ts';
import { writeOrderCounts } from './summaries/order-counts.ts';
import { type FindingCounts, summarise } from './summaries/summarise.ts';

/** A finished inspection whose packages are interned and matched. */
export interface ReportToWrite {
  readonly run: ScanRun;
  readonly inspected: InspectedImage;
  readonly interned: InternedInventory;
  readonly now: Date;
  readonly feedAgeMaxDays: number;
  readonly observer?: Pick<DifferenceObserver, 'judged'> | undefined;
}

/**
 * Puts the new result in the place of the last one: report, summary and state in one transaction. When the image was
 * first judged is kept. Returns false, and changes nothing, when the scan was cancelled or begun anew meanwhile or the image
 * is gone.
 */
export async function writeReport(db: Database, report: ReportToWrite): Promise<boolean> {
  const { run, inspected } = report;
  const { digest } = run;
  const places = await encodePlaces(report.interned.places);
  return await db.transaction().execute(async (transaction) => {
    await lockMatching(transaction);
    const finished = await sql<{ digest: string }>`
      update image_scan set state = ${inspected.outcome}, finished_at = now(), touched_at = now(),
        problem = ${jsonOrNull(inspected.problem)}::jsonb, layers_total = ${inspected.progress.layersTotal},
        layers_done = ${inspected.progress.layersDone}, layers_read = ${inspected.progress.layersRead}
      where ${isRun(run)} and not cancel_requested
      returning manifest_digest as digest`.execute(transaction);
    if (finished.rows.length === 0) return false;
    const before = await readPackageIds(transaction, digest);
    await writeImageReport(transaction, report, places);
    await writeSecrets(transaction, report);
    const malware = await writeMalware(transaction, digest, { malware: inspected.malware, now: report.now });
    await writeSummary(transaction, report, malware);
    await report.observer?.judged(transaction, {
      digest,
      packageIds: report.interned.packageIds,
      ...(before === undefined ? {} : { packageIdsBefore: before }),
      isWhole: inspected.outcome !== 'incomplete',
    });
    await notify(transaction, 'pratique_facts', `image:${digest}`);
    await notify(transaction, 'pratique_scan', digest);
    return true;
  });
}

async function readPackageIds(
  transaction: Transaction<Tables>,
  digest: string,
): Promise<readonly number[] | undefined> {
  const row = await transaction
    .selectFrom('image_report')
    .select('package_set')
    .where('manifest_digest', '=', digest)
    .executeTakeFirst();
  return row === undefined ? undefined : unpackIds(row.package_set);
}

async function writeImageReport(
  transaction: Transaction<Tables>,
  { run: { digest }, inspected, interned }: ReportToWrite,
  { packageSet, places }: StoredPlaces,
): Promise<void> {
  const { inventory } = inspected;
  await sql`
    insert into image_report as r (manifest_digest, inspector_version, outcome, problem, distribution, ecosystems,
      doubts, package_set, places, newest_file_at, inspected_at, first_judged_at)
    values (${digest}, ${inspectorVersion}, ${inspected.outcome}, ${jsonOrNull(inspected.problem)}::jsonb,
      ${jsonOrNull(inventory.distribution)}::jsonb, ${interned.ecosystems}::text[],
      ${JSON.stringify(inventory.doubts)}::jsonb, ${packageSet}, ${places},
      ${inventory.newestAt ?? null}, clock_timestamp(), clock_timestamp())
    on conflict (manifest_digest) do update set
      inspector_version = excluded.inspector_version, outcome = excluded.outcome, problem = excluded.problem,
      distribution = excluded.distribution, ecosystems = excluded.ecosystems, doubts = excluded.doubts,
      package_set = excluded.package_set, places = excluded.places, newest_file_at = excluded.newest_file_at,
      inspected_at = excluded.inspected_at`.execute(transaction);
  // The same set as an array, which searches have an index on.
  await sql`
    insert into image_packages as p (manifest_digest, package_ids) values (${digest}, ${unpackIds(packageSet)}::int[])
    on conflict (manifest_digest) do update set package_ids = excluded.package_ids
    where p.package_ids <> excluded.package_ids`.execute(transaction);
}

async function writeSecrets(
  transaction: Transaction<Tables>,
  { run: { digest }, inspected: { secrets } }: ReportToWrite,
): Promise<void> {
  await sql`
    insert into image_scan (manifest_digest, category, state, problem, finished_at)
    values (${digest}, 'secrets', ${secrets.outcome}, ${jsonOrNull(secrets.problem)}::jsonb, now())
    on conflict (manifest_digest, category) do update
    set state = excluded.state, problem = excluded.problem, finished_at = now()`.execute(transaction);
  const findings = await keepFirstSeen(transaction, digest, secrets.findings);
  await transaction
    .updateTable('image_report')
    .set({
      secrets_outcome: secrets.outcome,
      secrets_problem: jsonOrNull(secrets.problem),
      secret_facts: JSON.stringify(secretFacts(secrets)),
      secrets: await encodeSecrets(findings),
    })
    .where('manifest_digest', '=', digest)
    .execute();
}

async function writeSummary(
  transaction: Transaction<Tables>,
  { run: { digest }, inspected, interned, now, feedAgeMaxDays }: ReportToWrite,
  malware: StandingMalware,
): Promise<void> {
  const packages = [...(await readPackageFacts(transaction, interned.packageIds)).values()];
  const { inventory } = inspected;
  const doubts =
    inspected.outcome === 'unsupported'
      ? []
      : imageDoubts({
          own: inventory.doubts,
          distribution: inventory.distribution,
          ecosystems: interned.ecosystems,
          newestAt: inventory.newestAt,
          packages,
          knowledge: await readFeedKnowledge(transaction),
          now,
          feedAgeMaxDays,
        });
  const { critical, high, medium, low } = countSecrets(secretFacts(inspected.secrets));
  const row = {
    ...summaryRow(digest, summarise(packages), doubts),
    secrets_outcome: inspected.secrets.outcome,
    secrets_critical: critical,
    secrets_high: high,
    secrets_medium: medium,
    secrets_low: low,
    malware_outcome: malware.outcome,
    malware_count: malware.count,
  };
  await transaction
    .insertInto('image_summary')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('manifest_digest')
        .doUpdateSet({ ...row, judged_at: sql`now()`, revision: sql`image_summary.revision + 1` }),
    )
    .execute();
  await writeOrderCounts(transaction, [{ digest, packages }]);
}

/** A row of `image_summary` but for its revision and time. */
export function summaryRow(digest: string, counts: FindingCounts, doubts: readonly Doubt[]) {
  const { knownExploited, ...same } = counts;
  return {
    manifest_digest: digest,
    ...same,
    known_exploited: knownExploited,
    undetermined: doubts.length > 0,
    doubts: JSON.stringify(doubts),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
