import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import { placedPackageUrl } from '../../inspection/inventory/package-url.ts';
import type { Distribution } from '../../report/distribution.ts';
import type { VulnerabilityFact } from '../../report/finding.ts';
import type { FixSource } from '../../report/fix-source.ts';
import type { ImageFacts } from '../../report/image-facts.ts';
import type { PackagePlace } from '../../report/package.ts';
import {
  byNameAndPlace,
  type PackageReader,
  readPlaces,
  type StoredPlace,
  type StoredPlaces,
} from './image-places.ts';
import { indexImagesMax } from './read-facts.ts';

/** A package where it lies in an image. */
export interface PlacedPackageDetails extends StoredPlace {
  readonly purl: string;
}

/** The last result of an image, of an index the results of all its images. */
export interface ReportDetails {
  /** Of the first image; absent when it does not say. */
  readonly distribution?: Distribution;
  readonly inspectedAt: Date;
  readonly packages: readonly PlacedPackageDetails[];
}

/** What stored reports are read from. */
export interface ReportSource {
  readonly db: Database;
  readonly packages: PackageReader;
}

/** Vulnerability × package × place. */
export interface PlacedFinding {
  readonly vulnerability: VulnerabilityFact;
  readonly package: {
    readonly ecosystem: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    /** As `PackageFacts` has it. */
    readonly source?: FixSource;
  };
  readonly place: PackagePlace;
  /** The later of the image's first judgement and the package's first match. */
  readonly firstSeenAt: Date;
}

/** The result that stands, with packages in order of name; undefined when there never was one. */
export async function readReportDetails(
  { db, packages: reader }: ReportSource,
  digest: string,
): Promise<ReportDetails | undefined> {
  const { rows } = await sql<StoredPlaces & { distribution: Distribution | null; inspectedAt: Date }>`
    with recursive reached (digest) as (
      select ${digest}::text
      union
      select c.child_digest from reached join manifest_child c
        on c.parent_digest = reached.digest and c.position < ${indexImagesMax})
    select r.distribution, r.package_set as "packageSet", r.places, r.inspected_at as "inspectedAt"
    from reached join image_report r on r.manifest_digest = reached.digest
    order by r.manifest_digest limit ${indexImagesMax}`.execute(db);
  const [first] = rows;
  if (first === undefined) return undefined;
  const places = await readPlaces(reader, rows);
  const packages = rows.flatMap(({ distribution }, index) =>
    (places[index] ?? []).map((placed) => ({
      ...placed,
      purl: placedPackageUrl(placed, distribution ?? undefined),
    })),
  );
  return {
    ...(first.distribution === null ? {} : { distribution: first.distribution }),
    inspectedAt: first.inspectedAt,
    packages: packages.sort(byNameAndPlace),
  };
}

/** The findings of an image: what its facts say of packages, at every place that has one. In no particular order. */
export function placeFindings(
  facts: ImageFacts,
  report: ReportDetails | undefined,
): readonly PlacedFinding[] {
  const placesById = Map.groupBy(report?.packages ?? [], ({ packageId }) => packageId);
  const { firstJudgedAt } = facts;
  return facts.packages.flatMap(({ packageId, ecosystem, name, version, source, vulnerabilities }) =>
    (placesById.get(packageId) ?? []).flatMap(({ place, purl }) =>
      vulnerabilities.map((vulnerability) => ({
        vulnerability,
        package: { ecosystem, name, version, purl, ...(source === undefined ? {} : { source }) },
        place,
        firstSeenAt:
          firstJudgedAt !== undefined && firstJudgedAt > vulnerability.firstSeenAt
            ? firstJudgedAt
            : vulnerability.firstSeenAt,
      })),
    ),
  );
}
