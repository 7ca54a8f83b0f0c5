import { sql } from 'kysely';
import { isDistributionEcosystem } from '../../advisories/osv/distribution-ecosystems.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import { compareFindings, type FindingDifference } from '../../report/compare-findings.ts';
import type { ImageFacts } from '../../report/image-facts.ts';
import type { Package } from '../../report/package.ts';
import { factsRatedIn } from '../../report/rated-in-order.ts';
import type { Doubt } from '../../report/scan-state.ts';
import type { SeverityOrder } from '../../report/severity-order.ts';
import { indexImagesMax } from '../reports/read-facts.ts';
import { comparePackages, type PackageDifference } from './compare-packages.ts';

/**
 * `undecided`: one of the images has it, and of the other it cannot be told: it was not read whole, is judged by older
 * data, or a version could not be compared. Never shown as fixed.
 */
export type ComparedChange = 'added' | 'fixed' | 'unchanged' | 'undecided';

export interface ComparedFinding extends Omit<FindingDifference, 'change'> {
  readonly change: ComparedChange;
}

/** How two images differ, the later against the earlier. */
export interface ImageComparison {
  readonly findings: readonly ComparedFinding[];
  readonly packages: readonly PackageDifference[];
  readonly unchangedPackageCount: number;
  /** Why it cannot be told what the earlier had, and so what is added; empty: it can. */
  readonly doubtsBefore: readonly string[];
  /** The same of the later, and of what is fixed. */
  readonly doubtsAfter: readonly string[];
  /** Null where one is an index, which has no layers of its own. */
  readonly layers: LayerComparison | null;
}

export interface LayerComparison {
  readonly beforeCount: number;
  readonly afterCount: number;
  /** Of the later, those that the earlier has too. */
  readonly sharedCount: number;
  readonly sharedBytes: number;
}

/** Of an index, what all its images hold together. */
export async function compareImages(
  db: Database,
  images: {
    readonly before: ImageFacts;
    readonly after: ImageFacts;
    readonly severityOrder?: SeverityOrder | undefined;
  },
): Promise<ImageComparison> {
  const before = factsRatedIn(images.before, images.severityOrder);
  const after = factsRatedIn(images.after, images.severityOrder);
  const doubtsBefore = doubtsOf(before, after);
  const doubtsAfter = doubtsOf(after, before);
  const [packagesBefore, packagesAfter, layers] = await Promise.all([
    readPackages(db, before.digest),
    readPackages(db, after.digest),
    compareLayers(db, { before, after }),
  ]);
  const isKnownBefore = whatIsKnown(packagesBefore, doubtsBefore);
  const isKnownAfter = whatIsKnown(packagesAfter, doubtsAfter);
  const findings = compareFindings({ before: before.packages, after: after.packages }).map(
    (one): ComparedFinding => {
      if (one.change === 'unchanged') return { ...one, change: 'unchanged' };
      const isKnown = one.change === 'added' ? isKnownBefore(one) : isKnownAfter(one);
      if (one.vulnerability.undetermined || !isKnown) return { ...one, change: 'undecided' };
      return { ...one, change: one.change === 'added' ? 'added' : 'fixed' };
    },
  );
  const { differences, unchanged } = comparePackages({ before: packagesBefore, after: packagesAfter });
  return {
    findings,
    packages: differences,
    unchangedPackageCount: unchanged,
    doubtsBefore: doubtsBefore.map(({ message }) => message),
    doubtsAfter: doubtsAfter.map(({ message }) => message),
    layers,
  };
}

/** Doubts about what belongs to a distribution, and about nothing that a language's package manager installed. */
const distributionDoubts: ReadonlySet<Doubt['code']> = new Set([
  'unknown-distribution',
  'unsupported-distribution',
  'renamed-distribution',
  'end-of-life',
  'no-package-database',
  'no-data-for-release',
  'data-older-than-image',
]);

/** Why it cannot be told what an image has; without a code: it was not read whole. */
interface Unknown {
  readonly code?: Doubt['code'];
  readonly message: string;
}

/** Why an image may have findings that nobody knows of; a doubt that the other has too makes no difference between them. */
function doubtsOf(image: ImageFacts, other: ImageFacts): readonly Unknown[] {
  const { lastResult, state } = image.states.vulnerabilities;
  if (lastResult === undefined) return [{ message: `it has never been scanned to an end (${state})` }];
  const reason = lastResult.problem?.reason;
  if (lastResult.state === 'unsupported')
    return [{ message: reason ?? 'there is nothing in it that can be scanned' }];
  const incomplete =
    lastResult.state === 'incomplete' ? [{ message: reason ?? 'its last scan is incomplete' }] : [];
  // A version that could not be compared is a matter of its own findings.
  const known = new Set(['undetermined-version', ...other.doubts.map(({ code }) => code)]);
  return [...incomplete, ...image.doubts.filter(({ code }) => !known.has(code))];
}

/**
 * Of an image's packages and doubts, whether it is certain that it has not a finding that it is not known to have. Where all
 * doubts are about the distribution, that is so of a language's package that it holds: its version was judged.
 */
function whatIsKnown(
  packages: readonly NamedPackage[],
  doubts: readonly Unknown[],
): (finding: Pick<NamedPackage, 'ecosystem' | 'name'>) => boolean {
  if (doubts.length === 0) return () => true;
  if (doubts.some(({ code }) => code === undefined || !distributionDoubts.has(code))) return () => false;
  const held = new Set(packages.map(({ ecosystem, name }) => JSON.stringify([ecosystem, name])));
  return ({ ecosystem, name }) =>
    !isDistributionEcosystem(ecosystem) && held.has(JSON.stringify([ecosystem, name]));
}

type NamedPackage = Pick<Package, 'ecosystem' | 'name' | 'version'>;

async function readPackages(db: Database, digest: Digest): Promise<readonly NamedPackage[]> {
  const { rows } = await sql<NamedPackage>`
    with recursive reached (digest) as (
      select ${digest}::text
      union
      select c.child_digest from reached join manifest_child c
        on c.parent_digest = reached.digest and c.position < ${indexImagesMax})
    select distinct p.ecosystem, p.name, p.version
    from reached join image_packages i on i.manifest_digest = reached.digest
    cross join lateral unnest(i.package_ids) held (id) join package p on p.id = held.id`.execute(db);
  return rows;
}

async function compareLayers(
  db: Database,
  { before, after }: { readonly before: ImageFacts; readonly after: ImageFacts },
): Promise<LayerComparison | null> {
  if (before.kind === 'index' || after.kind === 'index') return null;
  const { rows } = await sql<LayerComparison>`
    with earlier as (select blob_digest from manifest_blob where manifest_digest = ${before.digest} and position > 0),
    later as (select blob_digest, size_bytes from manifest_blob where manifest_digest = ${after.digest} and position > 0),
    shared as (select size_bytes from later where blob_digest in (select blob_digest from earlier))
    select (select count(*) from earlier) as "beforeCount", (select count(*) from later) as "afterCount",
      (select count(*) from shared) as "sharedCount",
      (select coalesce(sum(size_bytes), 0)::bigint from shared) as "sharedBytes"`.execute(db);
  return rows[0] ?? null;
}
