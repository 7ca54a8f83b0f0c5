import { readImageRows } from '../../lists/image-list.ts';
import { type Severity, severityRank } from '../../report/severity.ts';
import {
  type ComparedFinding as Compared,
  compareImages,
  type ImageComparison,
} from '../../scan/comparison/compare-images.ts';
import { readPreviousImage } from '../../scan/comparison/previous-image.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { authorizeImage, type ImageScope } from '../authorize.ts';
import type { Caller } from '../caller.ts';
import type { ComparedFinding, ComparedFindingQuery, Comparison } from '../contract/comparison.ts';
import { notFound } from '../errors.ts';
import { countRated } from './count-severities.ts';

/** Two images that the caller may see, the image of the path being the later. */
export interface ComparedImages {
  readonly image: ImageScope;
  readonly earlier: ImageScope;
  readonly comparison: ImageComparison;
}

/** Throws 404 when the earlier is not there, or the caller may not see it, both with the same words (threats.md A1). */
export async function compareFor(
  { db, facts, verdicts }: Pick<ApiDependencies, 'db' | 'facts' | 'verdicts'>,
  asked: {
    readonly image: ImageScope;
    readonly namespaceId: number;
    readonly caller: Caller;
    readonly with: number | undefined;
  },
): Promise<ComparedImages> {
  const { image, namespaceId, caller } = asked;
  const id = asked.with ?? (await readPreviousImage(db, image.id));
  if (id === undefined)
    throw notFound(
      `Cannot compare image ${image.id}: no other was pushed to its repository before; name one with "with"`,
    );
  const { image: earlier } = await authorizeImage(db, { caller, id, right: 'read' });
  const [found, { severityOrder }] = await Promise.all([
    facts.factsOfMany([earlier.digest, image.digest]),
    verdicts.policyOf(namespaceId),
  ]);
  const [before, after] = [found.get(earlier.digest), found.get(image.digest)];
  if (before === undefined || after === undefined)
    throw notFound(`Cannot compare images ${id} and ${image.id}: one has just been deleted`);
  return { image, earlier, comparison: await compareImages(db, { before, after, severityOrder }) };
}

export async function showComparison(
  { db }: Pick<ApiDependencies, 'db'>,
  { image, earlier, comparison }: ComparedImages,
): Promise<Comparison> {
  const { findings, packages, unchangedPackageCount, doubtsBefore, doubtsAfter, layers } = comparison;
  const rows = new Map((await readImageRows(db, [image.id, earlier.id])).map((row) => [row.id, row]));
  const shown = (id: number, doubts: readonly string[]): Comparison['image'] => {
    const row = rows.get(id);
    if (row === undefined) throw notFound(`Cannot find image ${id}: it has just been deleted`);
    const { namespace, repository, tags, digest, sizeBytes, scan } = row;
    const own = { imageId: id, namespace, repository, tags: [...tags], digest, sizeBytes };
    return { ...own, state: scan.state, doubts: [...doubts] };
  };
  const counted = (change: Compared['change']) =>
    countRated(findings.filter((one) => one.change === change).map(({ vulnerability }) => vulnerability));
  const count = (change: string) => packages.filter((one) => one.change === change).length;
  return {
    image: shown(image.id, doubtsAfter),
    with: shown(earlier.id, doubtsBefore),
    findings: {
      added: counted('added'),
      fixed: counted('fixed'),
      unchanged: counted('unchanged'),
      undecided: counted('undecided'),
    },
    packages: {
      added: count('added'),
      removed: count('removed'),
      upgraded: count('upgraded'),
      downgraded: count('downgraded'),
      changed: count('changed'),
      unchanged: unchangedPackageCount,
    },
    layers:
      layers === null
        ? null
        : {
            count: layers.afterCount,
            countWith: layers.beforeCount,
            shared: layers.sharedCount,
            sharedBytes: layers.sharedBytes,
          },
  };
}

/** Worst first; the same ones always in the same order. */
export function selectCompared(
  findings: readonly Compared[],
  query: ComparedFindingQuery,
): readonly ComparedFinding[] {
  const search = query.q?.toLowerCase();
  return findings
    .map(showFinding)
    .filter(({ change, severity, id, aliases, package: name }) => {
      if (query.change !== undefined && change !== query.change) return false;
      if (query.severity !== undefined && severity !== query.severity) return false;
      return (
        search === undefined || [id, ...aliases, name].some((text) => text.toLowerCase().includes(search))
      );
    })
    .sort((a, b) => rankOf(b) - rankOf(a) || (comparedKey(a) < comparedKey(b) ? -1 : 1));
}

export function comparedKey({ id, ecosystem, package: name }: ComparedFinding): string {
  return [id, ecosystem, name].join('\n');
}

/** Known exploited ones before all others. */
function rankOf({ knownExploited, severity }: { knownExploited: boolean; severity: Severity }): number {
  return (knownExploited ? 10 : 0) + severityRank(severity);
}

function showFinding({ vulnerability, ...found }: Compared): ComparedFinding {
  const { id, aliases, severity, fixedVersion, knownExploited, undetermined } = vulnerability;
  return {
    change: found.change,
    id,
    aliases: [...aliases],
    severity,
    ecosystem: found.ecosystem,
    package: found.name,
    version: found.version,
    versionBefore: found.versionBefore ?? null,
    fixedVersion: fixedVersion ?? null,
    ...(fixedVersion === undefined || found.source === undefined ? {} : { fixedSource: found.source.name }),
    knownExploited,
    undetermined,
  };
}
