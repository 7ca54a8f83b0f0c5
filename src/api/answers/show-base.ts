import { parseConfig } from '../../oci/parse-config.ts';
import { compareFindings } from '../../report/compare-findings.ts';
import type { ImageFacts } from '../../report/image-facts.ts';
import { type BaseImage, isFromBase } from '../../scan/comparison/base-image.ts';
import { findNewerBases, type NewerBase } from '../../scan/comparison/newer-base.ts';
import type { PlacedFinding } from '../../scan/reports/report-details.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { ImageDetails } from '../contract/image.ts';
import { countSeverities } from './count-severities.ts';

type ShownBase = NonNullable<ImageDetails['base']>;

/** The base of an image, what came with it, and the newer image that would clear some of that. */
export async function showBase(
  dependencies: ApiDependencies,
  known: {
    readonly image: { readonly digest: string };
    readonly base: BaseImage;
    readonly facts: ImageFacts | undefined;
    readonly placed: readonly PlacedFinding[];
  },
): Promise<ShownBase> {
  const { base, placed } = known;
  const [inherited, own] = partition(placed, ({ place }) => isFromBase(base, place.layerIndex) === true);
  const { imageId, namespace, repository, tags, formerTags, digest, layerCount } = base;
  return {
    imageId,
    namespace,
    repository,
    tags: [...tags],
    formerTags: [...formerTags],
    digest,
    layerCount,
    findingCounts: countSeverities(inherited),
    ownFindingCounts: countSeverities(own),
    newer: inherited.length === 0 ? null : await adviseNewer(dependencies, { ...known, inherited }),
  };
}

/** The newest that clears something, told only when both results are sure. */
async function adviseNewer(
  dependencies: ApiDependencies,
  known: {
    readonly image: { readonly digest: string };
    readonly base: BaseImage;
    readonly facts: ImageFacts | undefined;
    readonly inherited: readonly PlacedFinding[];
  },
): Promise<ShownBase['newer']> {
  const { image, base, facts, inherited } = known;
  for (const newer of await findNewerBases(dependencies.db, base)) {
    if (newer.digest === image.digest || !(await isNewerOfPlatform(dependencies, base, newer))) continue;
    const found = await dependencies.facts.factsOf(newer.digest);
    if (facts === undefined || found === undefined || !isAsSure(found, facts)) continue;
    const { clears, clearsHighOrWorse, adds } = compareWithNewer(inherited, { facts, newer: found });
    if (clears === 0) continue;
    const { imageId, tag, digest } = newer;
    return { imageId, tag, digest, clears, clearsHighOrWorse, adds };
  }
  return null;
}

/** By the configs: of one platform, and not built before the base. */
async function isNewerOfPlatform(
  { db, readConfig }: ApiDependencies,
  base: BaseImage,
  newer: NewerBase,
): Promise<boolean> {
  const row = await db
    .selectFrom('manifest')
    .select('config_digest')
    .where('digest', '=', base.digest)
    .executeTakeFirst();
  const configs = [];
  for (const digest of [
    row?.config_digest as NewerBase['configDigest'] | null | undefined,
    newer.configDigest,
  ]) {
    const bytes = digest === null || digest === undefined ? undefined : await readConfig(digest);
    const parsed = bytes === undefined ? undefined : parseConfig(bytes);
    if (parsed?.kind === 'ok') configs.push(parsed.config);
  }
  const [before, after] = configs;
  if (before === undefined || after === undefined) return false;
  if (
    before.os !== after.os ||
    before.architecture !== after.architecture ||
    before.variant !== after.variant
  )
    return false;
  return !(Date.parse(after.createdAt ?? '') < Date.parse(before.createdAt ?? ''));
}

/** What could not be told of the newer image must not pass for cleared; a doubt that both have changes nothing. */
function isAsSure(newer: ImageFacts, current: ImageFacts): boolean {
  if (newer.states.vulnerabilities.lastResult?.state !== 'scanned') return false;
  const codes = new Set(current.doubts.map(({ code }) => code));
  return newer.doubts.every(({ code }) => codes.has(code));
}

/** What came with the base and the newer image has not, and what that has and the image has not. */
function compareWithNewer(
  inherited: readonly PlacedFinding[],
  { facts, newer }: { readonly facts: ImageFacts; readonly newer: ImageFacts },
): { readonly clears: number; readonly clearsHighOrWorse: number; readonly adds: number } {
  const sure = inherited.filter(({ vulnerability }) => !vulnerability.undetermined);
  const before = sure.map((one) => ({ ...one.package, vulnerabilities: [one.vulnerability] }));
  const cleared = compareFindings({ before, after: newer.packages }).filter(
    ({ change }) => change === 'removed',
  );
  const differences = compareFindings({ before: facts.packages, after: newer.packages });
  return {
    clears: cleared.length,
    clearsHighOrWorse: cleared.filter(({ vulnerability: { severity } }) =>
      ['critical', 'high'].includes(severity),
    ).length,
    adds: differences.filter(({ change }) => change === 'added').length,
  };
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
