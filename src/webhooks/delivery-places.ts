import { LRUCache } from 'lru-cache';

/** Whose attempt it is. */
export interface PlaceWanted {
  readonly webhookId: number;
  /** Absent: of the registry. */
  readonly namespaceId?: number | undefined;
}

/** Jobs of notifications at the same time in one server. */
export const deliveriesMax = 8;
/** Of receivers that answered at once the last time. */
const promptMax = { perWebhook: 2, perNamespace: 3 };
/** Of receivers that this server has not seen answer: any of them may turn out to be silent. */
const untriedMax = { perWebhook: 1, perNamespace: 2, together: 4 };
/** Of receivers that are silent. */
const silentMax = { perNamespace: 2, together: 4 };
/** Of both; the other places are for those that answer. */
const doubtfulMax = 6;
/** An attempt that has had no answer for so long is silent, and so is the next one at that receiver. */
const silentAfterMs = 2_000;
/** Receivers of which it is remembered how they answered. */
const receiversKept = 1_000;

type Standing = 'untried' | 'prompt' | 'silent';

interface Receiver extends PlaceWanted {
  readonly standing: Standing;
}

interface Held extends PlaceWanted {
  readonly sinceMs: number;
}

/**
 * The places for attempts in one server. A receiver that takes a request and never answers holds a place until the
 * attempt ends. So a webhook gets two of them, a namespace three, and of those that are silent, or that nobody has seen
 * answer yet, all together leave two: who answers finds a place, whatever others send to (threats.md F27).
 */
export class DeliveryPlaces {
  readonly #nowMs: () => number;
  readonly #held = new Set<Held>();
  /** By webhook: those that a place was asked for. */
  readonly #receivers = new LRUCache<number, Receiver>({ max: receiversKept });

  /** `nowMs` never goes back. */
  constructor(options: { readonly nowMs: () => number }) {
    this.#nowMs = options.nowMs;
  }

  /** Takes a place and returns what gives it back, or undefined when it is not this one's turn. */
  take({ webhookId, namespaceId }: PlaceWanted): (() => void) | undefined {
    // Also where it gets none: `barred()` then names it, so that it is not asked for again before its turn.
    if (!this.#receivers.has(webhookId))
      this.#receivers.set(webhookId, { webhookId, namespaceId, standing: 'untried' });
    const barred = this.barred();
    if (flagsOf({ webhookId, namespaceId }).some((flag) => barred.includes(flag))) return undefined;
    const held = { webhookId, namespaceId, sinceMs: this.#nowMs() };
    this.#held.add(held);
    return () => {
      this.#held.delete(held);
      const standing = this.#isSilent(held) ? 'silent' : 'prompt';
      this.#receivers.set(webhookId, { webhookId, namespaceId, standing });
    };
  }

  /** The flags of deliveries that get no place now. */
  barred(): readonly string[] {
    const held = [...this.#held];
    const silentNow = new Set(held.filter((one) => this.#isSilent(one)).map(({ webhookId }) => webhookId));
    const standingOf = ({ webhookId }: PlaceWanted): Standing =>
      silentNow.has(webhookId) ? 'silent' : (this.#receivers.peek(webhookId)?.standing ?? 'untried');
    const ofStanding = (standing: Standing) => held.filter((one) => standingOf(one) === standing);
    const [untried, silent] = [ofStanding('untried'), ofStanding('silent')];
    const flags = new Set([
      ...full(held, webhookFlag, promptMax.perWebhook),
      ...full(held, namespaceFlag, promptMax.perNamespace),
    ]);
    const isFull = untried.length + silent.length >= doubtfulMax;
    const ofUntried = new Set([
      ...full(untried, webhookFlag, untriedMax.perWebhook),
      ...full(untried, namespaceFlag, untriedMax.perNamespace),
    ]);
    const ofSilent = full(silent, namespaceFlag, silentMax.perNamespace);
    for (const one of this.#receivers.values()) {
      const standing = standingOf(one);
      if (standing === 'prompt') continue;
      const [holding, max, ofFull] =
        standing === 'untried' ? [untried, untriedMax, ofUntried] : [silent, silentMax, ofSilent];
      const isBarred =
        isFull || holding.length >= max.together || flagsOf(one).some((flag) => ofFull.has(flag));
      if (isBarred) flags.add(webhookFlag(one));
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
