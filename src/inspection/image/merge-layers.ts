import { MergedPaths } from './_merged-paths.ts';
import { resolvePath } from './_resolve-path.ts';
import type { LayerReport } from './layer-report.ts';

/** What the container sees when the layers lie on one another. */
export interface MergedView<Found> {
  /** Files that an extractor wanted and that no upper layer hides; `layerIndex` is the layer they are read from. */
  readonly files: readonly {
    readonly path: string;
    readonly layerIndex: number;
    readonly found: readonly Found[];
  }[];
  /** Executables in all layers, hidden ones included. */
  readonly executableCount: number;
  /** Newest modification time in any layer, ISO 8601. */
  readonly newestEntryAt?: string;
  /** Why the view may lack something; empty only when every layer was read whole. */
  readonly incomplete: readonly {
    readonly code: string;
    readonly message: string;
    readonly layerIndex: number;
  }[];
}

export interface MergeOptions {
  /** The probe's `knownPaths`: links that lead to them are followed across layers. */
  readonly knownPaths?: readonly string[];
  /** `diffId` of each image layer as the config states it; a layer with another one, or with none, is incomplete. */
  readonly diffIds?: readonly (string | undefined)[];
}

/**
 * Lays the reports on one another, bottom first, as containerd does: whiteouts and opaque directories act on lower layers
 * only, what is not a directory replaces a directory, and a path goes through the links that lie below it.
 */
export function mergeLayers<Found>(
  reports: readonly LayerReport<Found, unknown>[],
  options: MergeOptions = {},
): MergedView<Found> {
  const merged = new MergedPaths<Found>();
  const incomplete: MergedView<Found>['incomplete'][number][] = [];
  reports.forEach((report, layerIndex) => {
    merged.add(report);
    if (report.incomplete !== undefined) incomplete.push({ ...report.incomplete, layerIndex });
    const message =
      options.diffIds === undefined ? undefined : diffIdMessage(report, options.diffIds[layerIndex]);
    if (message !== undefined) incomplete.push({ code: 'diffid', message, layerIndex });
  });
  const unresolved = [...merged.unresolvedLinks, ...(options.knownPaths ?? [])];
  for (const doubt of [
    ...linkDoubts(merged, unresolved),
    ...writtenThroughLinks(merged, options.knownPaths ?? []),
  ]) {
    incomplete.push({ code: 'link', ...doubt });
  }
  const newestEntryAt = reports
    .flatMap((report) => report.newestEntryAt ?? [])
    .reduce<string | undefined>(
      (newest, at) => (newest === undefined || at > newest ? at : newest),
      undefined,
    );
  return {
    files: [...merged.files].map(([path, file]) => ({ path, ...file })),
    executableCount: reports.reduce((sum, report) => sum + report.executableCount, 0),
    ...(newestEntryAt !== undefined && { newestEntryAt }),
    incomplete,
  };
}

/** OCI image-spec v1.1 config.md#layer-diffid; two readers that inflate differently disagree here (threats.md D5). */
function diffIdMessage(
  report: LayerReport<unknown, unknown>,
  expected: string | undefined,
): string | undefined {
  if (expected === undefined) return 'the config lists no diff id for the layer';
  if (report.diffId === undefined || report.diffId === expected) return undefined;
  return `the layer inflates to ${report.diffId}, the config says ${expected}`;
}

interface LinkDoubt {
  readonly message: string;
  readonly layerIndex: number;
}

/** Wanted paths that lead to a file which nobody has read. */
function linkDoubts<Found>(merged: MergedPaths<Found>, paths: readonly string[]): LinkDoubt[] {
  const doubts: LinkDoubt[] = [];
  for (const path of new Set(paths)) {
    if (merged.files.has(path)) continue;
    const place = resolvePath(path, merged.linkAt);
    if (place === path) continue;
    if (place === undefined) {
      doubts.push({ message: `"${path}" leads round in links`, layerIndex: merged.topIndex });
      continue;
    }
    const file = merged.files.get(place);
    if (file !== undefined && file.found.length > 0) continue;
    const layerIndex = merged.nonDirectoryLayer(place);
    if (layerIndex !== undefined) {
      doubts.push({ message: `"${path}" leads to "${place}", which was not read`, layerIndex });
    }
  }
  return doubts;
}

/** Known paths that a layer wrote under another name, through a link to their directory. */
function writtenThroughLinks<Found>(merged: MergedPaths<Found>, knownPaths: readonly string[]): LinkDoubt[] {
  const doubts: LinkDoubt[] = [];
  if (knownPaths.length === 0) return doubts;
  for (const link of merged.linkPaths()) {
    const place = resolvePath(link, merged.linkAt);
    if (place === undefined) continue;
    for (const known of knownPaths) {
      if (place !== '' && !known.startsWith(`${place}/`)) continue;
      const written = `${link}/${place === '' ? known : known.slice(place.length + 1)}`;
      const layerIndex = merged.unreadLayerOf(written);
      if (layerIndex !== undefined) {
        doubts.push({ message: `"${known}" is written through the link "${link}"`, layerIndex });
      }
    }
  }
  return doubts;
}
