import type { Database } from '../../database/database.ts';
import type { Image } from '../../inspection/image/image.ts';
import { openTarget } from '../../inspection/image/open-target.ts';
import type { InspectionPool } from '../../inspection/inspection-pool.ts';
import { placedPackageUrl } from '../../inspection/inventory/package-url.ts';
import type { VulnerabilityFact } from '../../report/finding.ts';
import type { FixSource } from '../../report/fix-source.ts';
import type { ImageFacts, PackageFacts } from '../../report/image-facts.ts';
import { countMalware, type MalwareFinding } from '../../report/image-malware.ts';
import { countSecrets, type SecretFinding } from '../../report/image-secrets.ts';
import { malwareAdvice } from '../../report/malware.ts';
import type { PackagePlace } from '../../report/package.ts';
import { type RatingReasons, ratingReasons } from '../../report/rated-in-order.ts';
import { compareRisks, riskOf } from '../../report/risk.ts';
import { severityRank } from '../../report/severity.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../../report/severity-order.ts';
import { type BaseImage, findBaseImage } from '../../scan/comparison/base-image.ts';
import type { ScanProgress } from '../../scan/inspect-layers.ts';
import { explainFindings, type MatchEvidence } from '../../scan/matches/explain-findings.ts';
import { type OutsideReport, scanOutside } from '../../scan/scan-outside.ts';
import type { FindingCounts } from '../../scan/summaries/summarise.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import type { Installation } from '../installation.ts';
import { openJavaArchives } from '../wiring/java-archives.ts';
import { openMalwareEngines } from '../wiring/malware-engines.ts';

/** The target holds images, but not the one that was asked for. */
export class PlatformMissingError extends Error {
  override readonly name = 'PlatformMissingError';
  readonly code = 'platform-missing';
}

/** A package at one place, as `pratique scan --format json` lists it. */
export interface ScannedPackage {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** Digest of the layer as stored. */
  readonly layer: string;
  readonly path: string;
}

/** A vulnerability of a package at one place. */
export interface ScannedFinding extends Omit<VulnerabilityFact, 'sourceSeverities'>, RatingReasons {
  readonly package: {
    readonly ecosystem: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    /** As `PackageFacts` has it. */
    readonly source?: FixSource;
  };
  readonly place: PackagePlace;
  /** The statements of advisories that made it. */
  readonly matched: readonly MatchEvidence[];
}

/** Malware in a file of a layer. */
export interface ScannedMalware extends MalwareFinding {
  /** What to do about malware of the type. */
  readonly advice: string;
}

export interface TargetReport {
  readonly image: Pick<Image, 'digest' | 'configDigest' | 'platform' | 'createdAt'> & {
    readonly distribution?: OutsideReport['distribution'];
  };
  /** The image in the data folder that it was built on; absent: none is known. */
  readonly base?: BaseImage;
  readonly facts: ImageFacts;
  readonly counts: FindingCounts;
  readonly packages: readonly ScannedPackage[];
  /** Worst first. */
  readonly findings: readonly ScannedFinding[];
  /** Worst first. */
  readonly secrets: readonly SecretFinding[];
  /** Of all secrets, those too that `secrets` has no room for. */
  readonly secretCounts: ReturnType<typeof countSecrets>;
  /** Worst first. */
  readonly malware: readonly ScannedMalware[];
  /** Of all malware, what `malware` has no room for too. */
  readonly malwareCounts: ReturnType<typeof countMalware>;
}

export interface ScanTargetOptions {
  readonly installation: Installation;
  /** Reads layers. */
  readonly inspections: InspectionPool;
  /** As `openTarget()` takes it. */
  readonly target: string;
  /** `os/architecture[/variant]`; absent: the only image, or the one of this machine's platform. */
  readonly platform?: string;
  /** Whose rating of a vulnerability counts first; absent: the default order. */
  readonly severityOrder?: SeverityOrder;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScanProgress) => void;
}

/** Scans an archive, a layout or a directory with the data folder's advisories. Throws what opening the target throws. */
export async function scanTarget(options: ScanTargetOptions): Promise<TargetReport> {
  const archives = openJavaArchives(options.installation.config);
  const source = openTarget(options.target);
  const malware = openMalwareEngines(options.installation.config);
  try {
    const image = choosePlatform(await source.open(), options.platform);
    const report = await scanOutside({
      db: options.installation.connection.db,
      inspections: options.inspections,
      image,
      engines: malware.engines,
      archives,
      now: systemClock(),
      feedAgeMaxDays,
      ...(options.severityOrder === undefined ? {} : { severityOrder: options.severityOrder }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    const base = await findBaseImage(options.installation.connection.db, {
      layers: image.layers.map(({ digest }) => digest),
    });
    const order = options.severityOrder ?? defaultSeverityOrder;
    const matched = await explainReport(options.installation.connection.db, report);
    return { ...targetReport(image, report, { order, matched }), ...(base === undefined ? {} : { base }) };
  } finally {
    archives?.close();
    await malware.close();
    await source.close();
  }
}

/** The image of a platform, absent: the only one, or this machine's. Throws `PlatformMissingError`. */
export function choosePlatform<Choice extends Pick<Image, 'platform'>>(
  images: readonly Choice[],
  wanted: string | undefined,
): Choice {
  const names = images.map(({ platform }) => platformName(platform));
  const [only] = images;
  if (wanted === undefined && images.length === 1 && only !== undefined) return only;
  const platform = wanted ?? `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const chosen = images.find(
    (_, index) => names[index] === platform || names[index]?.startsWith(`${platform}/`),
  );
  if (chosen !== undefined) return chosen;
  throw new PlatformMissingError(
    `Cannot choose platform "${platform}": the target must hold it, got ${names.join(', ') || 'no image'}`,
  );
}

function platformName({ os, architecture, variant }: Image['platform']): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** By package and vulnerability. */
type Explained = ReadonlyMap<string, readonly MatchEvidence[]>;

function explainedKey(
  { packageId }: Pick<PackageFacts, 'packageId'>,
  { id }: Pick<VulnerabilityFact, 'id'>,
): string {
  return `${packageId} ${id}`;
}

async function explainReport(db: Database, { places, facts }: OutsideReport): Promise<Explained> {
  const installed = new Map(places.map((placed) => [placed.packageId, placed.package]));
  const asked = facts.packages.flatMap((known) => {
    const found = installed.get(known.packageId);
    if (found === undefined) return [];
    return known.vulnerabilities.map((one) => ({
      key: explainedKey(known, one),
      package: found,
      vulnerabilityId: one.id,
    }));
  });
  const evidence = await explainFindings(db, asked);
  return new Map(asked.map(({ key }, index) => [key, evidence[index] ?? []]));
}

interface ReportContext {
  readonly order: SeverityOrder;
  readonly matched: Explained;
}

function targetReport(image: Image, report: OutsideReport, context: ReportContext): TargetReport {
  const { digest, configDigest, platform, createdAt } = image;
  const { distribution, facts, counts } = report;
  const factsById = new Map(facts.packages.map((known) => [known.packageId, known]));
  const packages: ScannedPackage[] = [];
  const findings: ScannedFinding[] = [];
  for (const placed of report.places) {
    const { place, packageId } = placed;
    const { ecosystem, name, version } = placed.package;
    const named = { ecosystem, name, version, purl: placedPackageUrl(placed, distribution) };
    packages.push({ ...named, layer: place.layerDigest, path: place.path });
    const known = packageId === undefined ? undefined : factsById.get(packageId);
    if (known !== undefined) findings.push(...placedFindings(known, { package: named, place }, context));
  }
  return {
    image: {
      digest,
      configDigest,
      platform,
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(distribution === undefined ? {} : { distribution }),
    },
    facts,
    counts,
    packages,
    findings: findings.sort(worstFirst),
    secrets: report.secrets,
    secretCounts: countSecrets(facts.secrets),
    malware: report.malware.map((found) => ({ ...found, advice: malwareAdvice(found.type) })),
    malwareCounts: countMalware(facts.malware),
  };
}

function placedFindings(
  known: PackageFacts,
  where: Pick<ScannedFinding, 'package' | 'place'>,
  { order, matched }: ReportContext,
): ScannedFinding[] {
  return known.vulnerabilities.map(({ sourceSeverities: packed, ...vulnerability }) => ({
    ...vulnerability,
    ...ratingReasons(packed, order),
    place: where.place,
    package: { ...where.package, ...(known.source === undefined ? {} : { source: known.source }) },
    matched: matched.get(explainedKey(known, vulnerability)) ?? [],
  }));
}

/** As `--fail-on` takes it. */
const unknownAs = 'high';

/** By risk, then severity, name and id, so that the output is stable. */
function worstFirst(a: ScannedFinding, b: ScannedFinding): number {
  return (
    compareRisks(riskOf(b, unknownAs), riskOf(a, unknownAs)) ||
    severityRank(b.severity) - severityRank(a.severity) ||
    compareText(a.package.name, b.package.name) ||
    compareText(a.id, b.id) ||
    compareText(a.place.path, b.place.path)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
