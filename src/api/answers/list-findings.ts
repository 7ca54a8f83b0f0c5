import { exemptionOf, exemptionsFor } from '../../policy/exemption-of.ts';
import type { Exemption, Policy } from '../../policy/policy.ts';
import { ratingReasons } from '../../report/rated-in-order.ts';
import { compareRisks, riskOf } from '../../report/risk.ts';
import { severityRank } from '../../report/severity.ts';
import type { SeverityOrder } from '../../report/severity-order.ts';
import { type BaseImage, isFromBase } from '../../scan/comparison/base-image.ts';
import type { PlacedFinding } from '../../scan/reports/report-details.ts';
import type { Finding, FindingQuery } from '../contract/finding.ts';
import { showExempted } from './file-findings.ts';

/** What the allowlist of the namespace may hold for an image: repository and digest of it, and the clock. */
export interface FindingScope {
  readonly exemptions: readonly Exemption[];
  readonly repository: string;
  readonly digest: string;
  readonly now: Date;
}

/** What else is known of the image that the findings are of. */
export interface FindingContext extends FindingScope {
  /** Absent: no base is known. */
  readonly base?: BaseImage | undefined;
}

/** How the namespace of the image takes ratings. */
export interface RatedContext extends FindingContext {
  /** Whose rating counts first in the namespace: the findings are rated by it. */
  readonly severityOrder: SeverityOrder;
  /** The policy's word for what nobody rates. */
  readonly unknownSeverityAs: Policy['unknownSeverityAs'];
}

/** A finding without what only a page's findings are looked up for. */
export type SelectedFinding = Omit<Finding, 'exploitation' | 'epssOn' | 'informational' | 'matched'>;

/** Findings as the API shows them, filtered and sorted; the same ones always in the same order. */
export function selectFindings(
  placed: readonly PlacedFinding[],
  query: FindingQuery,
  scope: RatedContext,
): readonly SelectedFinding[] {
  const exemptions = exemptionsFor(scope.exemptions, scope);
  const search = query.q?.toLowerCase();
  const sort = query.sort ?? '-risk';
  const direction = sort.startsWith('-') ? -1 : 1;
  const compare = comparators[sort.replace(/^-/, '') as keyof typeof comparators]; // the contract's enum lists these
  return placed
    .map((finding) => showFinding(finding, exemptions, scope))
    .filter((finding) => matches(finding, query, search))
    .sort((a, b) => compare(a, b) * direction || byDefault(a, b));
}

/** Unique in an image: several versions or places of a package are several findings. */
export function findingKey({ id, package: { purl }, place }: SelectedFinding): string {
  return [id, purl, place.layerIndex, place.layerDigest, place.path].join('\n');
}

function matches(finding: SelectedFinding, query: FindingQuery, search: string | undefined): boolean {
  if (query.severity !== undefined && finding.severity !== query.severity) return false;
  if (query.fixable !== undefined && (finding.fixedVersion !== null) !== query.fixable) return false;
  if (query.exempted !== undefined && (finding.exempted !== null) !== query.exempted) return false;
  if (query.fromBase !== undefined && finding.fromBase !== query.fromBase) return false;
  if (query.package !== undefined && finding.package.name !== query.package) return false;
  if (search === undefined) return true;
  return [finding.id, ...finding.aliases, finding.package.name].some((text) =>
    text.toLowerCase().includes(search),
  );
}

function showFinding(
  found: PlacedFinding,
  exemptions: readonly Exemption[],
  { base, severityOrder, unknownSeverityAs }: RatedContext,
): SelectedFinding {
  const { vulnerability, package: installed, place, firstSeenAt } = found;
  const { severitySource, ratings } = ratingReasons(vulnerability.sourceSeverities, severityOrder);
  const exemption = exemptionOf(exemptions, installed, vulnerability);
  return {
    kind: 'vulnerability',
    id: vulnerability.id,
    aliases: [...vulnerability.aliases],
    severity: vulnerability.severity,
    severitySource: severitySource ?? null,
    ratings: [...ratings],
    package: installed,
    place: { ...place, createdBy: place.createdBy ?? null },
    fromBase: isFromBase(base, place.layerIndex) ?? null,
    fixedVersion: vulnerability.fixedVersion ?? null,
    fixState: vulnerability.fixState,
    knownExploited: vulnerability.knownExploited,
    epss: vulnerability.epss ?? null,
    risk: riskOf(vulnerability, unknownSeverityAs).score,
    firstSeenAt: firstSeenAt.toISOString(),
    record: vulnerability.record,
    undetermined: vulnerability.undetermined,
    exempted: showExempted(exemption),
    url: publicUrl(vulnerability.id),
  };
}

/** The page that the world knows a vulnerability by: NVD for a CVE, GitHub for its own, else OSV.dev. */
export function publicUrl(id: string): string {
  const encoded = encodeURIComponent(id);
  if (id.startsWith('CVE-')) return `https://nvd.nist.gov/vuln/detail/${encoded}`;
  if (id.startsWith('GHSA-')) return `https://github.com/advisories/${encoded}`;
  return `https://osv.dev/vulnerability/${encoded}`;
}

type FindingSort = 'risk' | 'severity' | 'id' | 'package' | 'epss' | 'layer';

const comparators: Readonly<Record<FindingSort, (a: SelectedFinding, b: SelectedFinding) => number>> = {
  risk: (a, b) =>
    compareRisks(
      { knownExploited: a.knownExploited, score: a.risk },
      { knownExploited: b.knownExploited, score: b.risk },
    ),
  severity: (a, b) => severityRank(a.severity) - severityRank(b.severity),
  id: (a, b) => compareText(a.id, b.id),
  package: (a, b) => compareText(a.package.name, b.package.name),
  epss: (a, b) => (a.epss ?? -1) - (b.epss ?? -1),
  layer: (a, b) => a.place.layerIndex - b.place.layerIndex,
};

/** Worst first; then by id, package and place, so that pages are stable. */
function byDefault(a: SelectedFinding, b: SelectedFinding): number {
  return (
    severityRank(b.severity) - severityRank(a.severity) ||
    compareText(a.id, b.id) ||
    compareText(a.package.purl, b.package.purl) ||
    a.place.layerIndex - b.place.layerIndex ||
    compareText(a.place.path, b.place.path)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
