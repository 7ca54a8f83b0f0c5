import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest } from '../../oci/digest.ts';
import { ociIndexMediaType } from '../../oci/media-types.ts';
import { type BuiltImage, type BuiltIndex, buildTar, type FileTree } from './build-image.ts';

/** What a layout holds, by the name it gets. */
export type NamedImages = Readonly<Record<string, BuiltImage | BuiltIndex>>;

/** Files of an OCI image layout (image-spec v1.1 image-layout.md) with these images. */
export function ociLayoutFiles(images: NamedImages): FileTree {
  const blobs = new Map<Digest, Buffer>();
  const addImage = (image: BuiltImage): void => {
    blobs.set(image.digest, image.manifestBytes);
    for (const [digest, bytes] of image.blobs) blobs.set(digest, bytes);
  };
  for (const image of Object.values(images)) {
    blobs.set(image.digest, image.manifestBytes);
    if ('images' in image) image.images.forEach(addImage);
    else addImage(image);
  }
  const index = {
    schemaVersion: 2,
    mediaType: ociIndexMediaType,
    manifests: Object.entries(images).map(([name, image]) => ({
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.manifestBytes.length,
      annotations: { 'org.opencontainers.image.ref.name': name },
    })),
  };
  return {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify(index),
    ...Object.fromEntries([...blobs].map(([digest, bytes]) => [`blobs/${digest.replace(':', '/')}`, bytes])),
  };
}

/** The layout as one tar, for `oci-archive:`. */
export function buildOciArchive(images: NamedImages): Buffer {
  return buildTar(ociLayoutFiles(images));
}

/** What `docker save` wrote before it wrote layouts: layers as `<n>/layer.tar`, a layer that occurs again as a link. */
export function buildDockerArchive(images: Readonly<Record<string, BuiltImage>>): Buffer {
  const tree: Record<string, FileTree[string]> = {};
  const placeOf = new Map<Digest, string>();
  const manifest = Object.entries(images).map(([name, image], imageIndex) => {
    const config = `${image.configDigest.slice('sha256:'.length)}.json`;
    const layers: string[] = [];
    for (const [digest, bytes] of image.blobs) {
      if (digest === image.configDigest) {
        tree[config] = bytes;
        continue;
      }
      const path = `${imageIndex}-${layers.length}/layer.tar`;
      const first = placeOf.get(digest);
      tree[path] = first === undefined ? bytes : { type: 'symlink', linkTarget: `../${first}` };
      placeOf.set(digest, first ?? path);
      layers.push(path);
    }
    return { Config: config, RepoTags: [name], Layers: layers };
  });
  return buildTar({ ...tree, 'manifest.json': JSON.stringify(manifest) });
}

/** Writes the plain files of the tree below the directory. */
export function writeFiles(directory: string, tree: FileTree): void {
  for (const [path, content] of Object.entries(tree)) {
    if (typeof content !== 'string' && !Buffer.isBuffer(content)) continue;
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}
