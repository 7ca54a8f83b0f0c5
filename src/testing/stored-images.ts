import { createHash } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import { type Severity, type SeveritySource, severitySources } from '../report/severity.ts';
import { packSeverities } from '../report/source-severities.ts';
import { matchingVersion } from '../scan/matches/matching-version.ts';
import { encodePlaces } from '../scan/reports/image-places.ts';
import { unpackIds } from '../scan/reports/packed-ids.ts';
import { storeMatch } from './samples/store-match.ts';

/** A vulnerability of a package of a stored image. */
export interface StoredVulnerability {
  readonly id: string;
  readonly severity: Severity;
  readonly fixedVersion?: string;
  readonly aliases?: readonly string[];
  /** What sources say; absent: the distribution says `severity`, and nobody else does. */
  readonly sources?: Readonly<Partial<Record<SeveritySource, Severity>>>;
}

export interface StoredPackage {
  readonly name: string;
  readonly version: string;
  readonly layerIndex?: number;
  readonly vulnerabilities?: readonly StoredVulnerability[];
}

export interface ImageToStore {
  readonly namespaceId: number;
  readonly repository: string;
  readonly tags?: readonly string[];
  /** Whatever makes the digest; equal names are equal content. */
  readonly content: string;
  /** Absent: the image has not been scanned. */
  readonly packages?: readonly StoredPackage[];
  readonly pushedAt?: Date;
  readonly sizeBytes?: number;
}

export interface StoredImage {
  /** Of the image in its repository: the one of URLs. */
  readonly id: number;
  readonly digest: Digest;
  readonly repositoryId: number;
}

export function digestOfText(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest; // made in the one form
}

/** Puts an image with a result into the database as push and scan would leave it, without any blob. */
export async function storeImage(db: Database, image: ImageToStore): Promise<StoredImage> {
  const digest = digestOfText(image.content);
  const repositoryId = await storeRepository(db, image);
  const configDigest = digestOfText(`config of ${image.content}`);
  await db
    .insertInto('manifest')
    .values({
      digest,
      digest_sha512: null,
      media_type: 'application/vnd.oci.image.manifest.v1+json',
      kind: 'image',
      artifact_type: null,
      config_digest: configDigest,
      subject_digest: null,
      size_bytes: 2,
      image_size_bytes: image.sizeBytes ?? 1000,
      content: Buffer.from('{}'),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const layers = [configDigest, digestOfText('layer 0'), digestOfText(`layer 1 of ${image.content}`)];
  await db
    .insertInto('manifest_blob')
    .values(
      layers.map((blob, position) => ({
        manifest_digest: digest,
        position,
        blob_digest: blob,
        media_type: 'application/vnd.oci.image.layer.v1.tar+gzip',
        size_bytes: 500,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { id } = await db
    .insertInto('repository_manifest')
    .values({
      repository_id: repositoryId,
      manifest_digest: digest,
      pushed_by: 'pusher',
      pulled_at: null,
      ...(image.pushedAt === undefined ? {} : { pushed_at: image.pushedAt }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const name of image.tags ?? []) {
    await db
      .insertInto('tag')
      .values({ repository_id: repositoryId, name, manifest_digest: digest })
      .execute();
  }
  if (image.packages !== undefined) await storeResult(db, digest, image.packages);
  return { id, digest, repositoryId };
}

async function storeRepository(db: Database, image: ImageToStore): Promise<number> {
  const { id } = await db
    .insertInto('repository')
    .values({ namespace_id: image.namespaceId, name: image.repository })
    .onConflict((conflict) =>
      conflict.columns(['namespace_id', 'name']).doUpdateSet({ name: image.repository }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Lets a stored image hold these packages, as searches see it. */
export async function holdPackages(
  db: Database,
  digest: Digest,
  packageIds: readonly number[],
): Promise<void> {
  const sorted = [...packageIds].sort((a, b) => a - b);
  await db
    .updateTable('image_packages')
    .set({ package_ids: sorted })
    .where('manifest_digest', '=', digest)
    .execute();
}

/** It has advisories, and no day on which its support ends is known. */
const distribution = {
  id: 'alpine',
  versionId: '3.99.0',
  prettyName: 'Alpine Linux v3.99',
  ecosystem: 'Alpine',
  release: 'v3.4',
};

async function coverRelease(db: Database, now: Date): Promise<void> {
  await db
    .insertInto('release_coverage')
    .values({ ecosystem: 'Alpine', release: distribution.release, record_count: 100, data_end_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function storeResult(db: Database, digest: Digest, packages: readonly StoredPackage[]): Promise<void> {
  const places = [];
  for (const one of packages) {
    const packageId = await storePackage(db, one);
    const { name, version, layerIndex = 0 } = one;
    const place = {
      layerDigest: digestOfText(`layer ${layerIndex}`),
      layerIndex,
      path: 'lib/apk/db/installed',
    };
    const installed = { ecosystem: 'Alpine', release: 'v3.4', name, version, sourceName: name, module: '' };
    places.push({
      packageId,
      package: { ...installed, sourceVersion: version },
      place,
      ownedByDistribution: false,
    });
  }
  const now = new Date('2026-01-02T00:00:00Z');
  await coverRelease(db, now);
  const { packageSet, places: encoded } = await encodePlaces(places);
  await db
    .insertInto('image_report')
    .values({
      manifest_digest: digest,
      inspector_version: 1,
      outcome: 'scanned',
      distribution: JSON.stringify(distribution),
      ecosystems: ['Alpine'],
      doubts: '[]',
      package_set: packageSet,
      places: encoded,
      newest_file_at: null,
      inspected_at: now,
      first_judged_at: now,
    })
    .execute();
  await db
    .insertInto('image_packages')
    .values({ manifest_digest: digest, package_ids: unpackIds(packageSet) })
    .execute();
  const severities = packages.flatMap(({ vulnerabilities = [] }) =>
    vulnerabilities.map((one) => one.severity),
  );
  const count = (severity: Severity) => severities.filter((one) => one === severity).length;
  const found = packages.flatMap(({ vulnerabilities = [] }) => vulnerabilities);
  const fixable = found.filter(({ fixedVersion }) => fixedVersion !== undefined).length;
  const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];
  await db
    .insertInto('image_summary')
    .values({
      manifest_digest: digest,
      highest: order.find((severity) => count(severity) > 0) ?? null,
      critical: count('critical'),
      high: count('high'),
      medium: count('medium'),
      low: count('low'),
      negligible: count('negligible'),
      unknown: count('unknown'),
      fixable,
    })
    .execute();
  await db
    .insertInto('image_scan')
    .values({
      manifest_digest: digest,
      category: 'vulnerabilities',
      state: 'scanned',
      layers_done: 2,
      layers_total: 2,
      queued_at: now,
      started_at: now,
      touched_at: now,
      finished_at: now,
    })
    .execute();
}

function ratingsOf(sources: NonNullable<StoredVulnerability['sources']>) {
  return severitySources.flatMap((source) => {
    const severity = sources[source];
    return severity === undefined ? [] : [{ source, severity }];
  });
}

async function storePackage(db: Database, one: StoredPackage): Promise<number> {
  const { name, version, vulnerabilities = [] } = one;
  const values = { ecosystem: 'Alpine', release: 'v3.4', name, version, source_name: name, module: '' };
  const { id } = await db
    .insertInto('package')
    .values({
      ...values,
      source_version: version,
      matched_at: new Date('2026-01-01T00:00:00Z'),
      matching_version: matchingVersion,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['ecosystem', 'release', 'name', 'version', 'source_name', 'source_version', 'module'])
        .doUpdateSet({ name }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const { id: vulnerabilityId, severity, fixedVersion, aliases = [], sources } of vulnerabilities) {
    await storeMatch(db, {
      packageId: id,
      vulnerabilityId,
      advisoryId: `ALPINE-${vulnerabilityId}`,
      aliases,
      severity,
      sourceSeverities: packSeverities(ratingsOf(sources ?? { vendor: severity })),
      fixedVersion,
      fixState: fixedVersion === undefined ? 'not-fixed' : 'fixed',
      firstSeenAt: new Date('2026-01-01T00:00:00Z'),
    });
  }
  return id;
}
