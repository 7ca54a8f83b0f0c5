import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../../bytes/digest.ts';
import { type TarMember, tarHeader, tarPadding, tarTrailer } from '../../bytes/tar-writer.ts';
import type { Digest } from '../../oci/digest.ts';
import {
  dockerConfigMediaType,
  dockerGzipLayerMediaType,
  dockerIndexMediaType,
  dockerManifestMediaType,
  ociConfigMediaType,
  ociGzipLayerMediaType,
  ociIndexMediaType,
  ociLayerMediaType,
  ociManifestMediaType,
  ociZstdLayerMediaType,
} from '../../oci/media-types.ts';

/**
 * Files of a layer by path: text or bytes, or a member told in full. A whiteout is a file named `.wh.<name>`, a path
 * that ends with a slash is a directory.
 */
export type FileTree = Readonly<Record<string, string | Buffer | TreeMember>>;

export type TreeMember = Omit<TarMember, 'path' | 'sizeBytes'> & { readonly content?: string | Buffer };

export type Compression = 'none' | 'gzip' | 'zstd';

export interface BuiltLayer {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly mediaType: string;
}

/** Everything that must be pushed for an image or index, with the digests it will have. */
export interface BuiltImage {
  readonly manifestBytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  /** Config and layers by digest. */
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  readonly platform: { readonly os: string; readonly architecture: string };
}

export interface BuiltIndex {
  readonly manifestBytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly images: readonly BuiltImage[];
}

/** An instant for members that state none, so that the same tree gives the same digest. */
const defaultModifiedAtMs = Date.UTC(2020, 0, 1);

/** The tree as an uncompressed tar; members keep the order of the keys. */
export function buildTar(tree: FileTree): Buffer {
  const parts = Object.entries(tree).flatMap(([path, value]) => {
    const isContent = typeof value === 'string' || Buffer.isBuffer(value);
    const member: TreeMember = isContent
      ? { type: path.endsWith('/') ? 'directory' : 'file', content: value }
      : value;
    const body = member.type === 'file' ? Buffer.from(member.content ?? '') : Buffer.alloc(0);
    const header = tarHeader({ modifiedAtMs: defaultModifiedAtMs, ...member, path, sizeBytes: body.length });
    return [header, body, tarPadding(body.length)];
  });
  return Buffer.concat([...parts, tarTrailer()]);
}

/** A layer of the tree, or of an archive that exists: uncompressed bytes, compressed as told (default gzip). */
export function buildLayer(content: FileTree | Buffer, compression: Compression = 'gzip'): BuiltLayer {
  const tar = Buffer.isBuffer(content) ? content : buildTar(content);
  const bytes = compress(tar, compression);
  return { bytes, digest: digestOf(bytes), diffId: digestOf(tar), mediaType: layerMediaTypes[compression] };
}

/** A layer from bytes that are compressed already, such as a root file system of the shared data. */
export function layerOfGzip(bytes: Buffer, inflated: Buffer): BuiltLayer {
  return { bytes, digest: digestOf(bytes), diffId: digestOf(inflated), mediaType: ociGzipLayerMediaType };
}

const layerMediaTypes: Readonly<Record<Compression, string>> = {
  none: ociLayerMediaType,
  gzip: ociGzipLayerMediaType,
  zstd: ociZstdLayerMediaType,
};

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(tar);
  return compression === 'zstd' ? zstdCompressSync(tar) : tar;
}

export interface ImageOptions {
  readonly layers: readonly (BuiltLayer | FileTree)[];
  readonly architecture?: string;
  readonly os?: string;
  readonly createdAt?: string;
  /** `createdBy` of each layer, bottom first; default `layer <n>`. */
  readonly commands?: readonly string[];
  /** Media types of Docker's v2s2 instead of OCI's. */
  readonly docker?: boolean;
  /** Put over the config and the manifest, to make odd ones. */
  readonly configFields?: Readonly<Record<string, unknown>>;
  readonly manifestFields?: Readonly<Record<string, unknown>>;
}

export function buildImage(options: ImageOptions): BuiltImage {
  const {
    architecture = 'amd64',
    os = 'linux',
    createdAt = '2020-01-01T00:00:00Z',
    docker = false,
  } = options;
  const layers = options.layers.map((layer) => (isBuiltLayer(layer) ? layer : buildLayer(layer)));
  const config = jsonBytes({
    created: createdAt,
    architecture,
    os,
    config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({
      created: createdAt,
      created_by: options.commands?.[index] ?? `layer ${index}`,
    })),
    ...options.configFields,
  });
  const configDigest = digestOf(config);
  const mediaType = docker ? dockerManifestMediaType : ociManifestMediaType;
  const manifestBytes = jsonBytes({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: docker ? dockerConfigMediaType : ociConfigMediaType,
      digest: configDigest,
      size: config.length,
    },
    layers: layers.map((layer) => ({
      mediaType: docker ? dockerGzipLayerMediaType : layer.mediaType,
      digest: layer.digest,
      size: layer.bytes.length,
    })),
    ...options.manifestFields,
  });
  return {
    manifestBytes,
    mediaType,
    digest: digestOf(manifestBytes),
    configDigest,
    blobs: new Map([[configDigest, config], ...layers.map(({ digest, bytes }) => [digest, bytes] as const)]),
    platform: { os, architecture },
  };
}

export function buildIndex(
  images: readonly BuiltImage[],
  options: {
    readonly docker?: boolean;
    /** Indexes that it lists after the images. */
    readonly nested?: readonly BuiltIndex[];
    /** Makes one that is like another differ from it. */
    readonly note?: number;
  } = {},
): BuiltIndex {
  const mediaType = options.docker === true ? dockerIndexMediaType : ociIndexMediaType;
  const manifestBytes = jsonBytes({
    schemaVersion: 2,
    mediaType,
    manifests: [...images, ...(options.nested ?? [])].map((listed) => ({
      mediaType: listed.mediaType,
      digest: listed.digest,
      size: listed.manifestBytes.length,
      ...('platform' in listed && { platform: listed.platform }),
    })),
    ...(options.note !== undefined && { annotations: { note: String(options.note) } }),
  });
  return { manifestBytes, mediaType, digest: digestOf(manifestBytes), images };
}

function isBuiltLayer(layer: BuiltLayer | FileTree): layer is BuiltLayer {
  return Buffer.isBuffer(layer['bytes']) && typeof layer['diffId'] === 'string';
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
