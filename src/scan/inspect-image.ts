import type { Database } from '../database/database.ts';
import type { FileFate } from '../inspection/image/file-fate.ts';
import type { Image } from '../inspection/image/image.ts';
import type { InspectedSecrets } from '../inspection/inspect-secrets.ts';
import type { InspectionPool } from '../inspection/inspection-pool.ts';
import type { Inventory } from '../inspection/inventory/build-inventory.ts';
import { nameArchives, type PublishedArchives } from '../inspection/inventory/published-archives.ts';
import type { Engine } from '../inspection/malware/engine.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import { type InspectedMalware, inspectMalware, unsupportedMalware } from './image-malware.ts';
import { inspectLayers, type ScanProgress } from './inspect-layers.ts';
import { maskCommands } from './mask-commands.ts';
import { couldBeRootFileSystem } from './root-file-system.ts';

export interface InspectImageOptions {
  /** Keeps inspected layers, by digest. */
  readonly db: Database;
  /** Reads the layers. */
  readonly inspections: InspectionPool;
  readonly image: Image;
  /** Malware engines; none is an answer too. */
  readonly engines: readonly Engine[];
  /** Names Java archives by their bytes; absent: guessed names stay. */
  readonly archives?: PublishedArchives | undefined;
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

/**
 * Reads an image's layers, each at most once ever, and says what is installed. Throws what the source or the signal throws,
 * and an `InspectionError` for layers that cannot be inspected within the budgets.
 */
export async function inspectImage(options: InspectImageOptions): Promise<InspectedImage> {
  const { inspections, now, signal } = options;
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
  const malware = await inspectMalware({ ...options, image });
  const { layers, configTexts } = image;
  const files = malware.findings.map(({ path, layer }) => ({ path, layerIndex: layer.index }));
  const request = { image: { layers, configTexts }, files, now: now.toISOString() };
  const { incomplete, inventory, secrets, fates } = await inspections.combineLayers(reports, request, signal);
  const inspected = {
    inventory: nameArchives(inventory, options.archives),
    secrets,
    malware: withFates(malware, fates),
    progress,
  };
  if (incomplete.length === 0) return { outcome: 'scanned', ...inspected };
  return {
    outcome: 'incomplete',
    problem: {
      phase: 'read-layer',
      reason: incomplete.map(({ layerIndex, message }) => `layer ${layerIndex}: ${message}`).join('; '),
      remedy: 'Build the image again with a current tool; what was read is shown, but more may be in it',
    },
    ...inspected,
  };
}

/** `fates`: of the findings, in their order. */
function withFates(malware: InspectedMalware, fates: readonly (FileFate | null)[]): InspectedMalware {
  const findings = malware.findings.map((finding, index) => {
    const fate = fates[index] ?? undefined;
    return fate === undefined ? finding : { ...finding, fate };
  });
  return { ...malware, findings };
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
