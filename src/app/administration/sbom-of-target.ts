import { basename } from 'node:path';
import { describeImage, documentMaker } from '../../api/answers/describe-image.ts';
import { parseImageName } from '../../api/parse-image-name.ts';
import { isTarget, openTarget } from '../../inspection/image/open-target.ts';
import type { InspectionPool } from '../../inspection/inspection-pool.ts';
import { urlsOfPackages } from '../../inspection/inventory/package-url.ts';
import { readImageRows } from '../../lists/image-list.ts';
import { completenessInWords, completenessOf } from '../../report/sbom/completeness.ts';
import type { DescribedImage } from '../../report/sbom/described-image.ts';
import { sbomFormats } from '../../report/sbom/sbom-formats.ts';
import { inspectImage } from '../../scan/inspect-image.ts';
import type { ScanProgress } from '../../scan/inspect-layers.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';
import { programVersion } from '../program-version.ts';
import { StartError } from '../start-error.ts';
import { openJavaArchives } from '../wiring/java-archives.ts';
import { chooseStoredImage, describeParts, undescribed } from './choose-stored-image.ts';
import type { SbomFormatName } from './sbom-format.ts';
import { choosePlatform } from './scan-target.ts';

export interface SbomRequest {
  readonly installation: Installation;
  /** Reads layers. */
  readonly inspections: InspectionPool;
  /** As `openTarget()` takes it, or the name of an image that is stored here: `namespace/repository:tag`. */
  readonly target: string;
  readonly format: SbomFormatName;
  /** `os/architecture[/variant]`; absent: the only image, or the one of this machine's platform. */
  readonly platform?: string;
  readonly onProgress?: (progress: ScanProgress) => void;
}

export interface SbomOfTarget {
  readonly document: string;
  /** Why packages may be missing from it, in sentences; absent: no reason is known. */
  readonly warning?: string;
}

/**
 * A bill of materials: of an archive, a layout or a directory by reading it now, of an image that is stored here by its
 * last scan. Throws `StartError`, `PlatformMissingError` and what opening the target throws, each with one line for people.
 */
export async function sbomOfTarget(request: SbomRequest): Promise<SbomOfTarget> {
  const image = isTarget(request.target) ? await inspectTarget(request) : await describeStored(request);
  const document = sbomFormats[request.format].write(image, documentMaker(programVersion()));
  const warning = completenessInWords(completenessOf(image));
  return {
    document: JSON.stringify(document, undefined, 2),
    ...(warning === undefined ? {} : { warning }),
  };
}

async function inspectTarget(request: SbomRequest): Promise<DescribedImage> {
  const { installation, target, onProgress } = request;
  const archives = openJavaArchives(installation.config);
  const source = openTarget(target);
  try {
    const image = choosePlatform(await source.open(), request.platform);
    const now = systemClock();
    const inspected = await inspectImage({
      db: installation.connection.db,
      inspections: request.inspections,
      image,
      engines: [],
      archives,
      now,
      signal: new AbortController().signal,
      onProgress: async (progress) => onProgress?.(progress),
    });
    const { outcome, problem, inventory } = inspected;
    if (outcome === 'unsupported')
      throw new StartError(
        `Cannot make an SBOM of "${target}": it must hold files, but ${problem?.reason ?? 'it holds none'}`,
      );
    const { distribution, doubts, packages } = inventory;
    // The digests of a plain root file system are made up: it has no manifest.
    const { digest, configDigest, platform } = image;
    const identity = target.startsWith('dir:') ? {} : { digest, configDigest, platform };
    return {
      name: basename(target.slice(target.indexOf(':') + 1)) || target,
      ...identity,
      tags: [],
      ...(distribution === undefined ? {} : { distribution }),
      ...(problem === undefined ? {} : { problem }),
      inspectedAt: now,
      doubts,
      packages: urlsOfPackages(packages, distribution),
    };
  } finally {
    archives?.close();
    await source.close();
  }
}

async function describeStored(request: SbomRequest): Promise<DescribedImage> {
  const { installation, target } = request;
  const name = parseImageName(target);
  if (name === undefined) {
    throw new StartError(
      `Cannot make an SBOM of "${target}": it must be an image of this registry (namespace/repository:tag or namespace/repository@sha256:…) or a target as "pratique scan" takes it, such as oci-archive:<tar>`,
    );
  }
  const chosen = await chooseStoredImage({ ...request, name });
  const [row] = await readImageRows(installation.connection.db, [chosen.id]);
  const description = await describeImage(await describeParts(installation), {
    ...chosen,
    name: `${name.namespace}/${name.repository}`,
    tags: row?.tags ?? [],
    ...registryOf(installation),
  });
  if (description.kind !== 'described') throw undescribed({ target, id: chosen.id }, description);
  return description.image;
}

function registryOf({ config }: Installation): { readonly registry?: string } {
  return config.externalUrl === undefined ? {} : { registry: new URL(config.externalUrl).host };
}
