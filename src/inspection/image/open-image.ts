import type { Readable } from 'node:stream';
import { digestOf } from '../../bytes/digest.ts';
import { readAll, TooManyBytesError } from '../../bytes/read-all.ts';
import { type Digest, digestAlgorithm } from '../../oci/digest.ts';
import type { Descriptor, ImageManifest } from '../../oci/manifest.ts';
import { configSizeBytesMax, type ImageConfig, parseConfig } from '../../oci/parse-config.ts';
import { parseManifest } from '../../oci/parse-manifest.ts';
import type { HistoryEntry, Image, ImageLayer } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';

export type ReadBlob = (digest: Digest) => Promise<Readable>;

/**
 * Opens one platform's image: parses the manifest and the config, which must hash to what the manifest says. Layers are
 * opened by whoever reads them. Throws `ImageUnreadableError`; errors of `readBlob` pass.
 */
export async function openImage(options: {
  readonly manifestBytes: Uint8Array;
  readonly mediaType: string | undefined;
  readonly readBlob: ReadBlob;
  /** Digest that the image is stored under; default the sha256 of the manifest. */
  readonly digest?: Digest;
}): Promise<Image> {
  const parsed = parseManifest(options.manifestBytes, options.mediaType);
  if (parsed.kind === 'invalid') throw new ImageUnreadableError('invalid', parsed.message);
  if (parsed.manifest.kind !== 'image') {
    throw new ImageUnreadableError(
      'not-an-image',
      `Cannot open the image: the manifest must be of one image, got ${parsed.manifest.kind === 'index' ? 'an index' : `the type "${parsed.manifest.mediaType}"`}`,
    );
  }
  const config = await readConfig(parsed.manifest.config, options.readBlob);
  // containerd refuses such an image too ("mismatched image rootfs and manifest layers").
  if (config.diffIds.length !== parsed.manifest.layers.length) {
    throw new ImageUnreadableError(
      'invalid',
      `Cannot open the image: the config must list a diff id for each of ${parsed.manifest.layers.length} layers, got ${config.diffIds.length}`,
    );
  }
  return assembleImage({
    digest: options.digest ?? digestOf(options.manifestBytes),
    manifest: parsed.manifest,
    config,
    readBlob: options.readBlob,
  });
}

async function readConfig(descriptor: Descriptor, readBlob: ReadBlob): Promise<ImageConfig> {
  const bytes = await readWhole(await readBlob(descriptor.digest), configSizeBytesMax);
  const actual = digestOf(bytes, digestAlgorithm(descriptor.digest));
  if (actual !== descriptor.digest) {
    throw new ImageUnreadableError(
      'invalid',
      `Cannot open the image: its config must hash to "${descriptor.digest}", got ${actual}`,
    );
  }
  const parsed = parseConfig(bytes);
  if (parsed.kind === 'invalid') throw new ImageUnreadableError('not-an-image', parsed.message);
  return parsed.config;
}

async function readWhole(source: Readable, bytesMax: number): Promise<Buffer> {
  try {
    return await readAll(source, bytesMax);
  } catch (error) {
    if (error instanceof TooManyBytesError)
      throw new ImageUnreadableError('limit', error.message, { cause: error });
    throw error;
  }
}

function assembleImage(parts: {
  readonly digest: Digest;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly readBlob: ReadBlob;
}): Image {
  const { manifest, config } = parts;
  const history = historyOf(config, manifest.layers.length);
  return {
    digest: parts.digest,
    configDigest: manifest.config.digest,
    platform: {
      os: config.os,
      architecture: config.architecture,
      ...(config.variant !== undefined && { variant: config.variant }),
    },
    ...(config.createdAt !== undefined && { createdAt: config.createdAt }),
    history,
    configTexts: config.texts,
    layers: manifest.layers.map((descriptor, index): ImageLayer => {
      const diffId = config.diffIds[index];
      const createdBy = history.find((entry) => entry.layerIndex === index)?.createdBy;
      return {
        digest: descriptor.digest,
        index,
        sizeBytes: descriptor.size,
        mediaType: descriptor.mediaType,
        ...(diffId !== undefined && { diffId }),
        ...(createdBy !== undefined && { createdBy }),
        open: () => parts.readBlob(descriptor.digest),
      };
    }),
  };
}

/** OCI image-spec v1.1 config.md: entries without `empty_layer` stand for the layers, in their order. */
function historyOf(config: ImageConfig, layerCount: number): readonly HistoryEntry[] {
  let nextLayer = 0;
  return config.history.map(({ createdBy, createdAt, emptyLayer }) => {
    const layerIndex = emptyLayer || nextLayer >= layerCount ? undefined : nextLayer;
    if (layerIndex !== undefined) nextLayer += 1;
    return {
      createdBy,
      ...(createdAt !== undefined && { createdAt }),
      emptyLayer,
      ...(layerIndex !== undefined && { layerIndex }),
    };
  });
}
