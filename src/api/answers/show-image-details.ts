import { parseDigest } from '../../oci/digest.ts';
import { type ImageConfig, parseConfig } from '../../oci/parse-config.ts';
import type { FeedVersion } from '../../report/feed-version.ts';
import type { ImageFacts } from '../../report/image-facts.ts';
import type { BaseImage } from '../../scan/comparison/base-image.ts';
import { type ImageContent, readImageContent } from '../../scan/image-content.ts';
import { maskCommands } from '../../scan/mask-commands.ts';
import { adviseUpgrades } from '../../scan/matches/upgrade-advice.ts';
import { placeFindings, type ReportDetails, readReportDetails } from '../../scan/reports/report-details.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { ImageScope } from '../authorize.ts';
import type { Image, ImageDetails } from '../contract/image.ts';
import type { SeverityCounts } from '../contract/severity.ts';
import { claimedBase } from './claimed-base.ts';
import { countSeverities } from './count-severities.ts';
import { showBase } from './show-base.ts';

/** Everything of an image but its findings and packages, which are lists of their own. */
export async function showImageDetails(
  dependencies: ApiDependencies,
  known: {
    readonly image: ImageScope;
    readonly shown: Image;
    readonly facts: ImageFacts | undefined;
    readonly externalUrl: string;
    /** Of those that the caller may read. */
    readonly base: BaseImage | undefined;
  },
): Promise<ImageDetails> {
  const { db } = dependencies;
  const { image, shown, facts, base } = known;
  const [content, report] = await Promise.all([
    readImageContent(db, image),
    readReportDetails(dependencies, image.digest),
  ]);
  const config = await readConfigOf(dependencies, content);
  const placed = facts === undefined ? [] : placeFindings(facts, report);
  const countsByLayer = new Map(
    [...Map.groupBy(placed, ({ place }) => place.layerIndex)].map(([index, found]) => [
      index,
      countSeverities(found),
    ]),
  );
  const history = image.kind === 'index' ? [] : showHistory(config, countsByLayer);
  const createdBy = new Map(history.map((entry) => [entry.layerIndex, entry.createdBy]));
  return {
    ...shown,
    platform: shown.platform ?? platformOf(config),
    imageId: image.kind === 'image' ? (content.configDigest ?? null) : null,
    distribution: distributionOf(report),
    createdAt: config?.createdAt ?? null,
    inspectedAt: report?.inspectedAt.toISOString() ?? null,
    packageCount: report?.packages.length ?? null,
    judgedWith: (facts?.feeds ?? []).map(showFeedVersion),
    base: base === undefined ? null : await showBase(dependencies, { image, base, facts, placed }),
    claimedBase: claimedBase(content.annotations),
    layers: content.layers.map((layer, index) => ({
      index,
      ...layer,
      createdBy: createdBy.get(index) ?? null,
    })),
    history,
    children: content.children.map(({ imageId, digest, mediaType, platform }) => ({
      imageId: imageId ?? null,
      digest,
      mediaType,
      platform: platform ?? null,
    })),
    ...(content.childCount > content.children.length ? { childCount: content.childCount } : {}),
    upgrades: [...adviseUpgrades(facts?.packages ?? [])],
    pullCommand: pullCommand(known.externalUrl, shown),
  };
}

function showFeedVersion(one: FeedVersion): ImageDetails['judgedWith'][number] {
  return {
    feed: one.feed,
    version: one.version,
    nextVersion: one.nextVersion ?? null,
    newestRecordAt: one.newestRecordAt?.toISOString() ?? null,
    confirmedAt: one.confirmedAt?.toISOString() ?? null,
  };
}

/** Undefined when the config is not an image's, or cannot be read: the rest of the page does not depend on it. */
async function readConfigOf(
  { readConfig }: ApiDependencies,
  { configDigest }: ImageContent,
): Promise<ImageConfig | undefined> {
  const digest = configDigest === undefined ? undefined : parseDigest(configDigest);
  const bytes = digest === undefined ? undefined : await readConfig(digest);
  if (bytes === undefined) return undefined;
  const parsed = parseConfig(bytes);
  return parsed.kind === 'ok' ? parsed.config : undefined;
}

/** Every step of the build in its order; those that made a layer with what was found in it. */
function showHistory(
  config: ImageConfig | undefined,
  countsByLayer: ReadonlyMap<number, SeverityCounts>,
): ImageDetails['history'] {
  let layerIndex = 0;
  const steps = config?.history ?? [];
  const commands = maskCommands(steps.map(({ createdBy }) => createdBy));
  return steps.map(({ createdAt, emptyLayer }, step) => {
    const entry = { createdBy: commands[step] ?? '', createdAt: createdAt ?? null, emptyLayer };
    if (emptyLayer) return { ...entry, findingCounts: countSeverities([]) };
    const index = layerIndex++;
    return { ...entry, layerIndex: index, findingCounts: countsByLayer.get(index) ?? countSeverities([]) };
  });
}

function platformOf(config: ImageConfig | undefined): Image['platform'] {
  if (config === undefined) return null;
  const { os, architecture, variant } = config;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function distributionOf(report: ReportDetails | undefined): ImageDetails['distribution'] {
  if (report?.distribution === undefined) return null;
  const { id, versionId, prettyName } = report.distribution;
  return { id, versionId, prettyName };
}

function pullCommand(externalUrl: string, { namespace, repository, tags, digest }: Image): string {
  const registry = externalUrl.replace(/^https?:\/\//, '');
  const [tag] = tags;
  return `docker pull ${registry}/${namespace}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
}
