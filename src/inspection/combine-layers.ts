import { type FileFate, fileFate } from './image/file-fate.ts';
import { type MergedView, mergeLayers } from './image/merge-layers.ts';
import { type InspectedSecrets, inspectSecrets, type SearchedImage } from './inspect-secrets.ts';
import { buildInventory, type Inventory } from './inventory/build-inventory.ts';
import type { ScanReport } from './scan-probe.ts';

/** What is asked besides the reports: plain data. */
export interface CombineRequest {
  /** Layers and config of the image. */
  readonly image: SearchedImage;
  /** Files of which it is asked what becomes of them in the layers above. */
  readonly files: readonly { readonly path: string; readonly layerIndex: number }[];
  /** ISO 8601. */
  readonly now: string;
}

/** What an image holds, by the reports of its layers. */
export interface CombinedLayers {
  /** Why something may be missing; empty only when every layer was read whole. */
  readonly incomplete: MergedView<unknown>['incomplete'];
  readonly inventory: Inventory;
  readonly secrets: InspectedSecrets;
  /** Of the files that were asked for, in their order; null: the container sees it. */
  readonly fates: readonly (FileFate | null)[];
}

/** Lays reports, bottom first, on one another. */
export function combineLayers(
  request: CombineRequest & {
    readonly reports: readonly ScanReport[];
    /** The probe's. */
    readonly knownPaths: readonly string[];
  },
): CombinedLayers {
  const { image, reports, knownPaths } = request;
  const now = new Date(request.now);
  const diffIds = image.layers.map(({ diffId }) => diffId);
  const view = mergeLayers(reports, {
    knownPaths,
    // A manifest without an image's config names none; Docker and containerd refuse a layer that is not the named one.
    ...(diffIds.some((diffId) => diffId !== undefined) && { diffIds }),
  });
  return {
    incomplete: view.incomplete,
    inventory: buildInventory({ view, layers: image.layers, reports, now }),
    secrets: inspectSecrets(image, reports, now),
    fates: request.files.map(({ path, layerIndex }) => fileFate(reports, path, layerIndex) ?? null),
  };
}
