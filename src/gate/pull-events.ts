import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reason, Verdict } from '../policy/verdict.ts';
import type { Requester } from '../registry/guards.ts';
import { namedReasons } from './describe-reasons.ts';

export interface PullEvent {
  readonly kind: 'pull.blocked' | 'pull.warned';
  readonly namespaceId: number;
  /** `<namespace>/<repository>`. */
  readonly repository: string;
  readonly digest: Digest;
  readonly tag?: string;
  readonly requester: Requester;
  readonly verdict: Exclude<Verdict, { kind: 'allow' }>;
}

const hourMs = 3_600_000;
const entriesMax = 50_000;

/** Records refused and warned pulls: at most one event per kind, digest, repository and account in an hour on each replica. */
export class PullEvents {
  readonly #db: Database;
  readonly #recent = new LRUCache<string, true>({ max: entriesMax, ttl: hourMs });

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws when it cannot be recorded: what is not accounted for is not served. */
  async record(event: PullEvent): Promise<void> {
    const { kind, repository, digest, requester, verdict } = event;
    const subject = `${repository}@${digest}`;
    const key = `${kind} ${subject} ${requester.name}`;
    if (this.#recent.has(key)) return;
    this.#recent.set(key, true);
    try {
      await this.#db
        .insertInto('event')
        .values({
          kind,
          namespace_id: event.namespaceId,
          actor: requester.name,
          client: requester.client,
          subject,
          details: JSON.stringify({
            digest,
            ...(event.tag === undefined ? {} : { tag: event.tag }),
            verdict: verdict.kind,
            reasons: namedReasons(verdict.reasons),
            reasonCount: verdict.reasons.length,
            exempted: verdict.exempted,
          } satisfies Record<string, Digest | string | number | readonly Reason[]>),
        })
        .execute();
    } catch (error) {
      this.#recent.delete(key);
      throw error;
    }
  }
}
