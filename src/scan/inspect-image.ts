import type { Database } from '../database/database.ts';
import type { Image } from '../image/image.ts';
import { mergeLayers } from '../image/merge-layers.ts';
import { buildInventory, type Inventory } from '../inventory/build-inventory.ts';
import { inventoryProbe } from '../inventory/layer-probe.ts';
import type { Engine } from '../malware/engine.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import { type InspectedMalware, inspectMalware, unsupportedMalware } from './image-malware.ts';
import { type InspectedSecrets, inspectSecrets } from './image-secrets.ts';
import { inspectLayers, type ScanProgress } from './inspect-layers.ts';
import { maskCommands } from './mask-commands.ts';
import { couldBeRootFileSystem } from './root-file-system.ts';

export interface InspectImageOptions {
  /** Keeps inspected layers, by digest. */
  readonly db: Database;
  readonly image: Image;
  /** Malware engines; none is an answer too. */
  readonly engines: readonly Engine[];
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScanProgress) => Promise<void>;
}

/** What an image holds, and whether all of it could be read. */
export interface InspectedImage {
  readonly outcome: 'scanned' | 'incomplete' | 'unsupported';
  /** Why it is incomplete or unsupported. */
  readonly problem?: ScanProblem;
  readonly inventory: Inventory;
  readonly secrets: InspectedSecrets;
  readonly malware: InspectedMalware;
  readonly progress: ScanProgress;
}

const nothingRead: ScanProgress = { layersTotal: 0, layersDone: 0, layersRead: 0 };

/** Reads an image's layers, each at most once ever, and says what is installed. Throws what the source or the signal throws. */
export async function inspectImage(options: InspectImageOptions): Promise<InspectedImage> {
  const { now } = options;
  const image = withMaskedCommands(options.image);
  if (!(await mayHoldFiles(image))) {
    const reason =
      image.layers.length === 0 ? 'it has no layers' : 'none of its layers can be a root file system';
    const remedy = 'Nothing to do: it is not an image that can run';
    const problem: ScanProblem = { phase: 'read-layer', reason, remedy };
    return {
      outcome: 'unsupported',
      problem,
      inventory: { packages: [], doubts: [] },
      secrets: { outcome: 'unsupported', problem, findings: [], omitted: {} },
      malware: unsupportedMalware(problem),
      progress: nothingRead,
    };
  }
  const { reports, ...progress } = await inspectLayers(options);
  const diffIds = image.layers.map(({ diffId }) => diffId);
  const view = mergeLayers(reports, {
    knownPaths: inventoryProbe.knownPaths ?? [],
    // A manifest without an image's config names none; Docker and containerd refuse a layer that is not the named one.
    ...(diffIds.some((diffId) => diffId !== undefined) && { diffIds }),
  });
  const inventory = buildInventory({ view, layers: image.layers, reports, now });
  const secrets = inspectSecrets(image, reports, now);
  const malware = await inspectMalware({ ...options, image, reports });
  const [first] = view.incomplete;
  if (first === undefined) return { outcome: 'scanned', inventory, secrets, malware, progress };
  return {
    outcome: 'incomplete',
    problem: {
      phase: 'read-layer',
      reason: view.incomplete.map(({ layerIndex, message }) => `layer ${layerIndex}: ${message}`).join('; '),
      remedy: 'Build the image again with a current tool; what was read is shown, but more may be in it',
    },
    inventory,
    secrets,
    malware,
    progress,
  };
}

/** Longest command of a build that is kept beside what its layer holds. */
const commandLengthMax = 2_000;

/** What a build was told is kept beside every finding of its layer: without the secrets in it (threats.md E4). */
function withMaskedCommands(image: Image): Image {
  const commands = maskCommands(image.layers.map(({ createdBy = '' }) => createdBy));
  const layers = image.layers.map((layer, index) =>
    layer.createdBy === undefined
      ? layer
      : { ...layer, createdBy: (commands[index] ?? '').slice(0, commandLengthMax) },
  );
  return { ...image, layers };
}

async function mayHoldFiles(image: Image): Promise<boolean> {
  for (const layer of image.layers) if (await couldBeRootFileSystem(layer)) return true;
  return false;
}
