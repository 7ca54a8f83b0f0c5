import { createHash } from 'node:crypto';
import { sql } from 'kysely';
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

const entriesMax = 50_000;

/**
 * Records refused and warned pulls: at most one event per kind, digest, repository and account in an hour, over all
 * replicas. What this one knows to be told saves the question.
 */
export class PullEvents {
  readonly #db: Database;
  readonly #told = new LRUCache<string, true>({ max: entriesMax });

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws when it cannot be recorded: what is not accounted for is not served. */
  async record(event: PullEvent): Promise<void> {
    const { kind, repository, digest, requester } = event;
    const key = JSON.stringify([kind, repository, digest, requester.name]);
    if (this.#told.has(key)) return;
    const leftMs = await this.#recordOnce(key, event);
    if (leftMs > 0) this.#told.set(key, true, { ttl: leftMs });
  }

  /** One statement, so that notice and event are there together or not at all; returns how long the notice holds. */
  async #recordOnce(key: string, event: PullEvent): Promise<number> {
    const { kind, repository, digest, requester, verdict } = event;
    const details = {
      digest,
      ...(event.tag === undefined ? {} : { tag: event.tag }),
      verdict: verdict.kind,
      reasons: namedReasons(verdict.reasons),
      reasonCount: verdict.reasons.length,
      exempted: verdict.exempted,
    } satisfies Record<string, Digest | string | number | readonly Reason[]>;
    const hash = createHash('sha256').update(key).digest();
    const { rows } = await sql<{ leftMs: number }>`
      with fresh as (
        insert into pull_notice (key, ends_at) values (${hash}, now() + interval '1 hour')
        on conflict (key) do update set ends_at = excluded.ends_at where pull_notice.ends_at <= now()
        returning ends_at),
      recorded as (
        insert into event (kind, namespace_id, actor, client, subject, details)
        select ${kind}, (select id from namespace where id = ${event.namespaceId}::bigint), ${requester.name}, ${requester.client},
          ${`${repository}@${digest}`}, ${JSON.stringify(details)}::jsonb
        from fresh)
      select extract(epoch from coalesce((select ends_at from fresh),
        (select ends_at from pull_notice where key = ${hash}), now()) - now())::float * 1000 as "leftMs"`.execute(
      this.#db,
    );
    return Math.floor(rows[0]?.leftMs ?? 0);
  }
}

/** Deletes notices that have ended; returns how many. */
export async function forgetEndedNotices(db: Database): Promise<number> {
  const { numAffectedRows } = await sql`delete from pull_notice where ends_at < now()`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
