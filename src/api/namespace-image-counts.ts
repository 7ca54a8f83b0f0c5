import { readGateBounds } from '../gate/gate-bounds.ts';
import { countImagesOf } from '../scan/image-list.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import { CountCache } from './count-cache.ts';
import { countVerdicts } from './count-verdicts.ts';

export interface ImageCounts {
  readonly images: number;
  /** Images whose pull is refused. */
  readonly blocked: number;
  readonly isEstimate: boolean;
}

/** How many images namespaces hold, and how many their policies refuse; of large ones at most a minute ago. */
export class NamespaceImageCounts {
  readonly #dependencies: ApiDependencies;
  readonly #counts: CountCache<ReadonlyMap<number, ImageCounts>>;

  constructor(dependencies: ApiDependencies) {
    this.#dependencies = dependencies;
    this.#counts = new CountCache({
      now: dependencies.now,
      sizeOf: (counted) => [...counted.values()].reduce((sum, { images }) => sum + images, 0),
    });
  }

  /** By id. `enforcing`: those of the ids whose policy refuses anything. */
  async of(
    ids: readonly number[],
    options: { readonly enforcing: readonly number[]; readonly now: Date },
  ): Promise<ReadonlyMap<number, ImageCounts>> {
    const { enforcing: namespaceIds, now } = options;
    const { db } = this.#dependencies;
    // Policies and exemptions are read anew, so that changed ones are counted by at once.
    const bounds = await readGateBounds(db, { namespaceIds, now });
    return await this.#counts.of(JSON.stringify({ ids, bounds }), async () => {
      const images = await countImagesOf(db, ids);
      const verdicts = await countVerdicts(this.#dependencies, { filter: { namespaceIds }, bounds, now });
      return new Map(
        ids.map((id) => {
          const { block = 0, isEstimate = false } = verdicts.get(id) ?? {};
          return [id, { images: images.get(id) ?? 0, blocked: block, isEstimate }];
        }),
      );
    });
  }
}
