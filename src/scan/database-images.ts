import type { Readable } from 'node:stream';
import type { Database } from '../database/database.ts';
import type { Image, ImageLayer } from '../inspection/image/image.ts';
import { ImageUnreadableError } from '../inspection/image/image-unreadable-error.ts';
import { openImage } from '../inspection/image/open-image.ts';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import type { Descriptor, ImageManifest, OtherManifest } from '../oci/manifest.ts';
import { parseManifest } from '../oci/parse-manifest.ts';
import { couldBeRootFileSystem } from './root-file-system.ts';
import { ManifestMissingError, type StoredImages } from './stored-images.ts';

/** Images as the catalog's tables hold them; blobs come from wherever `readBlob` finds them. */
export class DatabaseImages implements StoredImages {
  readonly #db: Database;
  readonly #readBlob: (digest: Digest) => Promise<Readable>;

  constructor(options: { readonly db: Database; readonly readBlob: (digest: Digest) => Promise<Readable> }) {
    this.#db = options.db;
    this.#readBlob = options.readBlob;
  }

  async open(digest: Digest): Promise<Image> {
    const row = await this.#db
      .selectFrom('manifest')
      .select(['content', 'media_type'])
      .where('digest', '=', digest)
      .executeTakeFirst();
    if (row === undefined) throw new ManifestMissingError(digest);
    const stored = {
      manifestBytes: row.content,
      mediaType: row.media_type,
      readBlob: this.#readBlob,
      digest,
    };
    try {
      return await this.#byStoredDigests(await openImage(stored));
    } catch (error) {
      if (!(error instanceof ImageUnreadableError) || error.code !== 'not-an-image') throw error;
      const parsed = parseManifest(row.content, row.media_type);
      if (parsed.kind !== 'ok' || parsed.manifest.kind === 'index') throw error;
      return await this.#byStoredDigests(await this.#withoutConfig(digest, parsed.manifest));
    }
  }

  /** A layer that the manifest names by its sha512 is the same as under its sha256: inspected once, found as one. */
  async #byStoredDigests(image: Image): Promise<Image> {
    if (image.layers.every((layer) => digestAlgorithm(layer.digest) === 'sha256')) return image;
    const rows = await this.#db
      .selectFrom('manifest_blob')
      .select(['position', 'blob_digest'])
      .where('manifest_digest', '=', image.digest)
      .execute();
    const stored = new Map(rows.map((row) => [row.position, row.blob_digest as Digest])); // only parsed digests are written
    const layers = image.layers.map((layer) => ({
      ...layer,
      digest: stored.get(layer.index + 1) ?? layer.digest,
    }));
    return { ...image, layers };
  }

  /**
   * A manifest whose config is not an image's: what its layers are decides what it is (threats.md P12). A config that could
   * be a root file system is one more layer, lest it be had uninspected.
   */
  async #withoutConfig(digest: Digest, manifest: ImageManifest | OtherManifest): Promise<Image> {
    const layerOf = (descriptor: Descriptor, index: number): ImageLayer => ({
      digest: descriptor.digest,
      index,
      sizeBytes: descriptor.size,
      mediaType: descriptor.mediaType,
      open: () => this.#readBlob(descriptor.digest),
    });
    const layers = manifest.layers.map(layerOf);
    if (manifest.config !== undefined) {
      const config = layerOf(manifest.config, layers.length);
      if (await couldBeRootFileSystem(config)) layers.push(config);
    }
    return {
      digest,
      configDigest: manifest.config?.digest ?? digest,
      platform: { os: '', architecture: '' },
      history: [],
      configTexts: [],
      layers,
    };
  }
}
