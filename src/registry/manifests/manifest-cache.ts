import { isAscii } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import { readManifestContent } from '../../catalog/manifests.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';

/** Bytes of manifests kept in memory by digest, which nothing changes; who may see them is decided elsewhere, each time. */
export class ManifestCache {
  readonly #db: Database;
  readonly #contents: LRUCache<Digest, Buffer | string>;

  constructor(options: { readonly db: Database; readonly sizeBytesMax: number }) {
    this.#db = options.db;
    this.#contents = new LRUCache({
      maxSize: options.sizeBytesMax,
      sizeCalculation: (content) => content.length + 256,
    });
  }

  /**
   * Undefined when the manifest was deleted meanwhile. Text stands for its own ASCII bytes: Node sends it together with
   * the headers in one write, and a buffer in a second.
   */
  async read(digest: Digest): Promise<Buffer | string | undefined> {
    const known = this.#contents.get(digest);
    if (known !== undefined) return known;
    const manifest = await readManifestContent(this.#db, digest);
    if (manifest === undefined) return undefined;
    const content = isAscii(manifest.content) ? manifest.content.toString('latin1') : manifest.content;
    this.#contents.set(digest, content);
    return content;
  }
}
