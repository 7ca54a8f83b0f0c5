import type { Readable } from 'node:stream';
import { digestOf } from '../../bytes/digest.ts';
import { readAll } from '../../bytes/read-all.ts';
import { verifyDigest } from '../../bytes/verify-digest.ts';
import { type Digest, digestAlgorithm, digestHex } from '../../oci/digest.ts';
import type { Descriptor, Manifest } from '../../oci/manifest.ts';
import { ociIndexMediaType } from '../../oci/media-types.ts';
import { manifestSizeBytesMax, parseManifest } from '../../oci/parse-manifest.ts';
import type { ArchiveFiles } from './_archive-files.ts';
import type { Image } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';
import { openImage } from './open-image.ts';

/** threats.md §1.9, C7. */
const indexLevelsMax = 8;
const indexNodesMax = 10_000;

/**
 * Opens the images of an OCI image layout (image-spec v1.1 image-layout.md), every platform of every index: those that
 * `reference` names, all without one. Every blob is checked against its digest.
 */
export async function openOciLayout(
  files: ArchiveFiles,
  reference: string | undefined,
): Promise<readonly Image[]> {
  if ((await files.size('index.json')) === undefined) {
    throw new ImageUnreadableError('not-found', 'Cannot open the layout: there must be a file "index.json"');
  }
  const bytes = await readAll(await files.open('index.json'), manifestSizeBytesMax);
  const index = parse(bytes, ociIndexMediaType);
  if (index.kind !== 'index')
    throw new ImageUnreadableError('invalid', 'Cannot open the layout: index.json must be an index');
  const walk = new LayoutWalk(files);
  for (const root of chooseRoots(index.manifests, reference)) await walk.visit(root, 0);
  if (walk.images.length === 0) {
    throw new ImageUnreadableError('not-found', 'Cannot open the layout: it must hold at least one image');
  }
  return walk.images;
}

function chooseRoots(manifests: readonly Descriptor[], reference: string | undefined): readonly Descriptor[] {
  if (reference === undefined) return manifests;
  const namesOf = ({ annotations }: Descriptor): string[] =>
    ['org.opencontainers.image.ref.name', 'io.containerd.image.name'].flatMap(
      (key) => annotations?.[key] ?? [],
    );
  const chosen = manifests.filter((descriptor) =>
    namesOf(descriptor).some((name) => name === reference || name.endsWith(`:${reference}`)),
  );
  if (chosen.length > 0) return chosen;
  const names = manifests.flatMap(namesOf).map((name) => `"${name}"`);
  throw new ImageUnreadableError(
    'not-found',
    `Cannot open "${reference}" in the layout: it must be one of its names, got ${names.join(', ') || 'none'}`,
  );
}

class LayoutWalk {
  readonly images: Image[] = [];
  readonly #files: ArchiveFiles;
  readonly #visited = new Set<Digest>();

  constructor(files: ArchiveFiles) {
    this.#files = files;
  }

  async visit(descriptor: Descriptor, level: number): Promise<void> {
    if (this.#visited.has(descriptor.digest)) return;
    this.#visited.add(descriptor.digest);
    if (level > indexLevelsMax || this.#visited.size > indexNodesMax) {
      throw new ImageUnreadableError(
        'limit',
        `Cannot open the layout: indexes must nest at most ${indexLevelsMax} deep and name at most ${indexNodesMax} manifests`,
      );
    }
    // A layout of one platform keeps the whole index and only that platform's blobs.
    if (level > 0 && (await this.#files.size(blobPath(descriptor.digest))) === undefined) return;
    const bytes = await readAll(await this.#readBlob(descriptor.digest), manifestSizeBytesMax);
    const manifest = parse(bytes, descriptor.mediaType);
    if (manifest.kind === 'index') {
      for (const child of manifest.manifests) await this.visit(child, level + 1);
      return;
    }
    if (level > 0 && isAttestation(manifest.layers)) return;
    this.images.push(
      await openImage({
        manifestBytes: bytes,
        mediaType: descriptor.mediaType,
        readBlob: (digest) => this.#readBlob(digest),
        digest: descriptor.digest,
      }),
    );
  }

  async #readBlob(digest: Digest): Promise<Readable> {
    const path = blobPath(digest);
    if ((await this.#files.size(path)) === undefined) {
      throw new ImageUnreadableError('not-found', `Cannot open the layout: there must be a blob "${digest}"`);
    }
    return verifyDigest(await this.#files.open(path), digest);
  }
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** BuildKit puts provenance beside the image as a manifest of its own; by content, whatever its annotation says. */
function isAttestation(layers: readonly Descriptor[]): boolean {
  return layers.length > 0 && layers.every(({ mediaType }) => mediaType === 'application/vnd.in-toto+json');
}

function parse(bytes: Buffer, mediaType: string): Manifest {
  const parsed = parseManifest(bytes, mediaType);
  if (parsed.kind === 'ok') return parsed.manifest;
  throw new ImageUnreadableError('invalid', `${parsed.message} (${digestOf(bytes)})`);
}
