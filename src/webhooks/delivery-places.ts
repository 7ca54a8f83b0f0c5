import { LRUCache } from 'lru-cache';

/** Whose attempt it is. */
export interface PlaceWanted {
  readonly webhookId: number;
  /** Absent: of the registry. */
  readonly namespaceId?: number | undefined;
}

/** Jobs of notifications at the same time in one server. */
export const deliveriesMax = 8;
const perWebhookMax = 2;
const perNamespaceMax = 3;
/** Of receivers that are silent; the other places are for those that answer. */
const silentMax = { perNamespace: 2, together: 4 };
/** An attempt that has had no answer for so long is silent, and so is the next one at that receiver. */
const silentAfterMs = 2_000;
/** Receivers that are remembered as silent. */
const silentKept = 1_000;

interface Held extends PlaceWanted {
  readonly sinceMs: number;
}

/**
 * The places for attempts in one server. A receiver that takes a request and never answers holds a place until the
 * attempt ends. So a webhook gets two of them, a namespace three, and silent receivers two of a namespace's and four
 * in all: who answers finds a place, whatever others send to (threats.md F27).
 */
export class DeliveryPlaces {
  readonly #nowMs: () => number;
  readonly #held = new Set<Held>();
  /** By webhook. */
  readonly #silent = new LRUCache<number, PlaceWanted>({ max: silentKept });

  /** `nowMs` never goes back. */
  constructor(options: { readonly nowMs: () => number }) {
    this.#nowMs = options.nowMs;
  }

  /** Takes a place and returns what gives it back, or undefined when it is not this one's turn. */
  take({ webhookId, namespaceId }: PlaceWanted): (() => void) | undefined {
    const barred = this.barred();
    if (flagsOf({ webhookId, namespaceId }).some((flag) => barred.includes(flag))) return undefined;
    const held = { webhookId, namespaceId, sinceMs: this.#nowMs() };
    this.#held.add(held);
    return () => {
      this.#held.delete(held);
      if (this.#isSilent(held)) this.#silent.set(webhookId, { webhookId, namespaceId });
      else this.#silent.delete(webhookId);
    };
  }

  /** The flags of deliveries that get no place now. */
  barred(): readonly string[] {
    const held = [...this.#held];
    const known = [...this.#silent.values(), ...held.filter((one) => this.#isSilent(one))];
    const silent = new Map(known.map((one) => [one.webhookId, one]));
    const flags = full(held, webhookFlag, perWebhookMax);
    for (const flag of full(held, namespaceFlag, perNamespaceMax)) flags.add(flag);
    const silentHeld = held.filter(({ webhookId }) => silent.has(webhookId));
    const quiet = full(silentHeld, namespaceFlag, silentMax.perNamespace);
    for (const one of silent.values()) {
      if (silentHeld.length >= silentMax.together || quiet.has(namespaceFlag(one)))
        flags.add(webhookFlag(one));
    }
    return [...flags];
  }

  #isSilent({ sinceMs }: Held): boolean {
    return this.#nowMs() - sinceMs >= silentAfterMs;
  }
}

/** What a delivery is counted by. */
export function flagsOf(wanted: PlaceWanted): readonly string[] {
  return [webhookFlag(wanted), namespaceFlag(wanted)];
}

const namespaceFlag = ({ namespaceId }: PlaceWanted): string => `namespace:${namespaceId ?? 'none'}`;
const webhookFlag = ({ webhookId }: PlaceWanted): string => `webhook:${webhookId}`;

/** The flags that as many as `max` of these places are held for. */
function full(held: readonly Held[], flagOf: (one: Held) => string, max: number): Set<string> {
  const counts = Map.groupBy(held, flagOf);
  return new Set([...counts].filter(([, places]) => places.length >= max).map(([flag]) => flag));
}
