import { createHasher, digestOf } from '../../bytes/digest.ts';
import { readAll } from '../../bytes/read-all.ts';
import { cleanPath } from '../../bytes/tar-path.ts';
import type { Digest } from '../../oci/digest.ts';
import { dockerConfigMediaType, dockerManifestMediaType, ociLayerMediaType } from '../../oci/media-types.ts';
import { configSizeBytesMax } from '../../oci/parse-config.ts';
import { type DockerArchiveImage, parseDockerArchive } from '../../oci/parse-docker-archive.ts';
import { manifestSizeBytesMax } from '../../oci/parse-manifest.ts';
import type { ArchiveFiles } from './_archive-files.ts';
import type { Image } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';
import { openImage } from './open-image.ts';

/**
 * Opens the images of a `docker save` archive: those that `reference` names, all without one. Such an archive has no
 * manifest with digests, so one is made up from the bytes of its config and layers, which are hashed for it.
 */
export async function openDockerArchive(
  files: ArchiveFiles,
  reference: string | undefined,
): Promise<readonly Image[]> {
  const parsed = parseDockerArchive(await readMember(files, 'manifest.json', manifestSizeBytesMax));
  if (parsed.kind === 'invalid') throw new ImageUnreadableError('invalid', parsed.message);
  const chosen = parsed.images.filter(
    ({ repoTags }) => reference === undefined || repoTags.some((name) => isNamed(name, reference)),
  );
  if (chosen.length === 0) {
    const names = parsed.images.flatMap(({ repoTags }) => repoTags).map((name) => `"${name}"`);
    throw new ImageUnreadableError(
      'not-found',
      `Cannot open "${reference ?? 'the archive'}": it must be one of the archive's images, got ${names.join(', ') || 'none'}`,
    );
  }
  const digests = new Map<string, Digest>();
  const images: Image[] = [];
  for (const image of chosen) images.push(await openArchiveImage(files, image, digests));
  return images;
}

/** Some writers put the registry that Docker assumes in front of a short name. */
function isNamed(name: string, reference: string): boolean {
  return name === reference || name.endsWith(`/${reference}`);
}

async function openArchiveImage(
  files: ArchiveFiles,
  image: DockerArchiveImage,
  digests: Map<string, Digest>,
): Promise<Image> {
  const config = await readMember(files, image.config, configSizeBytesMax);
  const configDigest = digestOf(config);
  const paths = new Map<Digest, string>([[configDigest, cleanPath(image.config)]]);
  const layers: { mediaType: string; digest: Digest; size: number }[] = [];
  for (const name of image.layers) {
    const path = cleanPath(name);
    const size = await sizeOf(files, path);
    const digest = digests.get(path) ?? (await hashMember(files, path));
    digests.set(path, digest);
    paths.set(digest, path);
    layers.push({ mediaType: ociLayerMediaType, digest, size });
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: dockerManifestMediaType,
    config: { mediaType: dockerConfigMediaType, digest: configDigest, size: config.length },
    layers,
  };
  return openImage({
    manifestBytes: Buffer.from(JSON.stringify(manifest)),
    mediaType: dockerManifestMediaType,
    readBlob: (digest) => files.open(paths.get(digest) ?? ''),
  });
}

async function readMember(files: ArchiveFiles, name: string, bytesMax: number): Promise<Buffer> {
  const path = cleanPath(name);
  await sizeOf(files, path);
  return readAll(await files.open(path), bytesMax);
}

async function sizeOf(files: ArchiveFiles, path: string): Promise<number> {
  const size = await files.size(path);
  if (size === undefined) {
    throw new ImageUnreadableError('not-found', `Cannot open the archive: there must be a member "${path}"`);
  }
  return size;
}

async function hashMember(files: ArchiveFiles, path: string): Promise<Digest> {
  const hasher = createHasher('sha256');
  const source: AsyncIterable<Buffer> = await files.open(path);
  for await (const chunk of source) hasher.update(chunk);
  return hasher.digest();
}
