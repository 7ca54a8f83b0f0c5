import { sql } from 'kysely';
import { urlsOfPackages } from '../../inspection/inventory/package-url.ts';
import type { Distribution } from '../../report/distribution.ts';
import type { Doubt, ScanProblem } from '../../report/scan-state.ts';
import { readPlaces, type StoredPlaces } from './image-places.ts';
import type { PlacedPackageDetails, ReportSource } from './report-details.ts';

/** The inventory of one image as its last scan took it. */
export interface StoredInventory {
  readonly outcome: 'scanned' | 'incomplete' | 'unsupported';
  /** Why it is incomplete or unsupported. */
  readonly problem?: ScanProblem;
  readonly distribution?: Distribution;
  /** Those that lie in the image itself, so that no feed changes them. */
  readonly doubts: readonly Doubt[];
  readonly inspectedAt: Date;
  readonly packages: readonly PlacedPackageDetails[];
}

/** Undefined when the image was never scanned to an end. An index has none: each of its images has its own. */
export async function readStoredInventory(
  { db, packages }: ReportSource,
  digest: string,
): Promise<StoredInventory | undefined> {
  const { rows } = await sql<
    StoredPlaces & {
      outcome: StoredInventory['outcome']; // the column's check constraint
      problem: ScanProblem | null;
      distribution: Distribution | null;
      doubts: readonly Doubt[];
      inspectedAt: Date;
    }
  >`
    select outcome, problem, distribution, doubts, inspected_at as "inspectedAt",
      package_set as "packageSet", places
    from image_report where manifest_digest = ${digest}`.execute(db);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { problem, distribution, outcome, doubts, inspectedAt } = row;
  const [places = []] = await readPlaces(packages, [row]);
  return {
    outcome,
    ...(problem === null ? {} : { problem }),
    ...(distribution === null ? {} : { distribution }),
    doubts,
    inspectedAt,
    packages: urlsOfPackages(places, distribution ?? undefined),
  };
}
