import type { Readable } from 'node:stream';
import { createHasher, digestOf } from '../../bytes/digest.ts';
import { readAll } from '../../bytes/read-all.ts';
import { digestAlgorithm } from '../../oci/digest.ts';
import type { Descriptor, ImageManifest } from '../../oci/manifest.ts';
import { ociManifestMediaType } from '../../oci/media-types.ts';
import { parseManifest } from '../../oci/parse-manifest.ts';
import {
  type BundleConfig,
  bundleArtifactType,
  bundleConfigBytesMax,
  bundleConfigMediaType,
  feedFile,
  parseBundleConfig,
} from './bundle-config.ts';
import { BundleRefusedError, BundleUnreachableError } from './bundle-error.ts';

/** Where a bundle is: a file, a registry, or parts that were just made. Nothing of it is checked. */
export interface BundleSource extends AsyncDisposable {
  /** File or address, for people. */
  readonly name: string;
  /** Bytes of the one manifest. Throws `BundleRefusedError` or `BundleUnreachableError`. */
  readManifest(): Promise<Buffer>;
  /** Bytes of what a descriptor names; throws the same. */
  open(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Readable>;
}

/** A bundle whose manifest and config were read and fit each other. Layers are checked when they are read. */
export interface Bundle {
  readonly source: BundleSource;
  readonly manifestBytes: Buffer;
  readonly manifest: ImageManifest;
  readonly config: BundleConfig;
  readonly configBytes: Buffer;
}

/** Reads what a bundle says of itself. Throws `BundleRefusedError` or `BundleUnreachableError`. */
export async function openBundle(source: BundleSource): Promise<Bundle> {
  const manifestBytes = await source.readManifest();
  const manifest = manifestOf(source, manifestBytes);
  const configBytes = await readConfig(source, manifest.config);
  const config = parseBundleConfig(configBytes);
  if ('problem' in config) throw new BundleRefusedError(source.name, `its config ${config.problem}`);
  const layers = config.feeds.map(({ digest, size }) => `${digest} ${size}`).join();
  if (manifest.layers.map(({ digest, size }) => `${digest} ${size}`).join() !== layers) {
    throw new BundleRefusedError(source.name, 'its layers must be those that its config names, got others');
  }
  return { source, manifestBytes, manifest, config, configBytes };
}

async function readConfig(source: BundleSource, descriptor: Descriptor): Promise<Buffer> {
  if (descriptor.size <= bundleConfigBytesMax)
    return await readAll(blobBytes(source, descriptor), bundleConfigBytesMax);
  throw new BundleRefusedError(
    source.name,
    `its config must be at most ${bundleConfigBytesMax} bytes, got ${descriptor.size}`,
  );
}

function manifestOf(source: BundleSource, bytes: Buffer): ImageManifest {
  const parsed = parseManifest(bytes, undefined);
  if (parsed.kind === 'invalid')
    throw new BundleRefusedError(
      source.name,
      `its manifest must be one of OCI: ${parsed.message.replace(/^.*?: /, '')}`,
    );
  const { manifest } = parsed;
  if (manifest.kind === 'image' && manifest.config.mediaType === bundleConfigMediaType) return manifest;
  const got = manifest.kind === 'image' ? manifest.config.mediaType : manifest.mediaType;
  throw new BundleRefusedError(
    source.name,
    `it must be an artifact with a config of type ${bundleConfigMediaType}, got ${got.slice(0, 120)}`,
  );
}

/**
 * The bytes of what a descriptor names. They fail with `BundleRefusedError` when they are not what it says, at their end at
 * the latest, and with `BundleUnreachableError` when they break off.
 */
export async function* blobBytes(source: BundleSource, { digest, size }: Descriptor): AsyncGenerator<Buffer> {
  const hasher = createHasher(digestAlgorithm(digest));
  let count = 0;
  const chunks: AsyncIterable<Buffer> = await source.open({ digest, size });
  try {
    for await (const chunk of chunks) {
      count += chunk.length;
      if (count > size)
        throw new BundleRefusedError(source.name, `"${digest}" must be ${size} bytes, got more`);
      hasher.update(chunk);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || error instanceof BundleRefusedError) throw error;
    throw new BundleUnreachableError(`Cannot read the bundle "${source.name}": ${error.message}`, {
      cause: error,
    });
  }
  const actual = hasher.digest();
  if (actual === digest) return;
  throw new BundleRefusedError(
    source.name,
    `the bytes of "${digest}" must hash to that, got ${actual}: it is damaged or was changed`,
  );
}

/** What a new bundle's manifest is made of. */
export interface BundleParts {
  readonly config: BundleConfig;
  readonly configBytes: Buffer;
  readonly signatures: readonly (readonly [string, string])[];
}

/** The manifest of a bundle: an artifact as OCI image-spec v1.1 manifest.md#guidelines-for-artifact-usage has it. */
export function bundleManifest(parts: BundleParts): Buffer {
  const { config, configBytes, signatures } = parts;
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    artifactType: bundleArtifactType,
    config: { mediaType: bundleConfigMediaType, digest: digestOf(configBytes), size: configBytes.length },
    layers: config.feeds.map(({ name, mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
      annotations: { 'org.opencontainers.image.title': feedFile(name) },
    })),
    annotations: {
      'org.opencontainers.image.created': config.createdAt,
      'org.opencontainers.image.version': String(config.version),
      ...Object.fromEntries(signatures),
    },
  };
  return Buffer.from(JSON.stringify(manifest));
}
