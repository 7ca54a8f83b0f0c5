import type { Readable } from 'node:stream';
import type { Database } from '../database/database.ts';
import type { Image } from '../image/image.ts';
import { ImageUnreadableError } from '../image/image-unreadable-error.ts';
import { openImage } from '../image/open-image.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { parseManifest } from '../oci/parse-manifest.ts';
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
      return await openImage(stored);
    } catch (error) {
      if (!(error instanceof ImageUnreadableError) || error.code !== 'not-an-image') throw error;
      const parsed = parseManifest(row.content, row.media_type);
      if (parsed.kind !== 'ok' || parsed.manifest.kind !== 'image') throw error;
      return this.#withoutConfig(digest, parsed.manifest);
    }
  }

  /** A manifest whose config is not an image's: what its layers are decides what it is (threats.md P12). */
  #withoutConfig(digest: Digest, manifest: ImageManifest): Image {
    return {
      digest,
      configDigest: manifest.config.digest,
      platform: { os: '', architecture: '' },
      history: [],
      layers: manifest.layers.map((layer, index) => ({
        digest: layer.digest,
        index,
        sizeBytes: layer.size,
        mediaType: layer.mediaType,
        open: () => this.#readBlob(layer.digest),
      })),
    };
  }
}
