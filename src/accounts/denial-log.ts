import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import { recordEvent } from './events.ts';

export interface Denial {
  /** `login.refused`, `login.limited`, `access.denied`. */
  readonly kind: string;
  /** Account name, or `anonymous`. */
  readonly actor: string;
  /** The client's, without a port. */
  readonly address: string;
  readonly userAgent?: string | undefined;
  readonly subject: string;
  readonly namespaceId?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Events of denials in an hour, on each replica. */
export interface DenialLimits {
  /** From one account, or from one address when nobody was proven. */
  readonly perSource: number;
  readonly overall: number;
}

export const defaultDenialLimits: DenialLimits = { perSource: 200, overall: 2_000 };

const hourMs = 3_600_000;
const entriesMax = 50_000;
const userAgentLengthMax = 300;

/**
 * Writes what was refused into the audit log, so that it cannot be flooded: the same denial once in an hour, of one
 * source and of all together not more than the limits. One event says that there were more.
 */
export class DenialLog {
  readonly #db: Database;
  readonly #limits: DenialLimits;
  readonly #recent = new LRUCache<string, true>({ max: entriesMax, ttl: hourMs });
  readonly #counts = new LRUCache<string, { events: number }>({ max: entriesMax, ttl: hourMs });

  constructor(db: Database, limits: DenialLimits = defaultDenialLimits) {
    this.#db = db;
    this.#limits = limits;
  }

  /** Throws when it cannot be written; it is tried again with the next such denial. */
  async record(denial: Denial): Promise<void> {
    const { kind, actor, address, userAgent, subject, namespaceId, details } = denial;
    const source = actor === 'anonymous' ? `address ${address}` : `account ${actor}`;
    const key = JSON.stringify([kind, source, subject, details]);
    if (this.#recent.has(key)) return;
    const room = this.#take(source);
    if (room === 'none') return;
    this.#recent.set(key, true);
    const client = `${address} ${(userAgent ?? '').slice(0, userAgentLengthMax)}`.trim();
    const event =
      room === 'last'
        ? { kind: 'denials.dropped', actor, client, subject: source, details: { fromNowOn: 'for an hour' } }
        : { kind, actor, client, subject, ...(details === undefined ? {} : { details }) };
    try {
      await recordEvent(this.#db, {
        ...event,
        ...(namespaceId === undefined || room === 'last' ? {} : { namespaceId }),
      });
    } catch (error) {
      this.#recent.delete(key);
      throw error;
    }
  }

  /** `last`: the limit is reached with this one. */
  #take(source: string): 'some' | 'last' | 'none' {
    const ofSource = this.#count(source);
    if (ofSource > this.#limits.perSource) return 'none';
    const ofAll = this.#count('all');
    if (ofAll > this.#limits.overall) return 'none';
    return ofSource === this.#limits.perSource || ofAll === this.#limits.overall ? 'last' : 'some';
  }

  /** With this one; the hour runs from the first. */
  #count(name: string): number {
    const known = this.#counts.get(name);
    if (known === undefined) {
      this.#counts.set(name, { events: 1 });
      return 1;
    }
    known.events += 1;
    return known.events;
  }
}
