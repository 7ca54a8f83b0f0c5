import type { GateBound } from '../../lists/verdict-bounds.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import { CountCache } from './count-cache.ts';
import { countVerdicts, type VerdictCounts } from './count-verdicts.ts';

const none: VerdictCounts = {
  allow: 0,
  warn: 0,
  hold: 0,
  block: 0,
  images: 0,
  unsettled: 0,
  isEstimate: false,
};

/** How many images namespaces hold and what their policies make of them; of large ones at most a minute ago. */
export class NamespaceVerdictCounts {
  readonly #dependencies: ApiDependencies;
  readonly #counts: CountCache<VerdictCounts>;

  constructor(dependencies: ApiDependencies) {
    this.#dependencies = dependencies;
    this.#counts = new CountCache({ now: dependencies.now, sizeOf: ({ images }) => images });
  }

  /** By id. Bounds are those of a policy as it is now, so a changed one is counted by at once. */
  async of(bounds: readonly GateBound[], now: Date): Promise<ReadonlyMap<number, VerdictCounts>> {
    const boundOf = new Map(bounds.map((bound) => [JSON.stringify(bound), bound]));
    const counted = await this.#counts.ofMany([...boundOf.keys()], async (keys) => {
      const due = keys.flatMap((key) => boundOf.get(key) ?? []);
      const namespaceIds = due.map(({ namespaceId }) => namespaceId);
      const counts = await countVerdicts(this.#dependencies, { filter: { namespaceIds }, bounds: due, now });
      return new Map(keys.map((key) => [key, counts.get(boundOf.get(key)?.namespaceId ?? 0) ?? none]));
    });
    return new Map(
      [...boundOf].map(([key, { namespaceId }]) => [namespaceId, counted.get(key) ?? none] as const),
    );
  }
}
