import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import { describeFailure, ScanPhaseError } from './describe-failure.ts';
import { inspectImage } from './inspect-image.ts';
import type { ScanProgress } from './inspect-layers.ts';
import { internInventory } from './intern-inventory.ts';
import type { StoredImages } from './stored-images.ts';
import { writeReport } from './write-report.ts';

/** What a queue tells a job; `jobs/queue.ts` has more. */
export interface ScanJobContext {
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly attemptsMax: number;
}

export interface ScanJobOptions {
  readonly db: Database;
  readonly images: StoredImages;
  readonly now: () => Date;
  /** Default 5. */
  readonly feedAgeMaxDays?: number;
  /** Told of every failed attempt, the last one too, which no queue sees. */
  readonly onFailure?: (digest: Digest, error: unknown) => void;
}

const heartbeatMs = 10_000;

/**
 * Scans one stored image: inspects its layers, interns and matches its packages, swaps the report. Runs as the job
 * `scanJobKind`; a failed attempt is thrown for the queue to repeat, the last one is kept as the scan's state.
 */
export class ScanJob {
  readonly #options: ScanJobOptions;

  constructor(options: ScanJobOptions) {
    this.#options = options;
  }

  /** The handler of `scanJobKind`. */
  readonly run = async (
    payload: Readonly<Record<string, unknown>>,
    context: ScanJobContext,
  ): Promise<void> => {
    const digest = parseDigest(String(payload['digest']));
    if (digest === undefined || !(await this.#begin(digest))) return;
    const heartbeat = setInterval(() => void this.#touch(digest).catch(() => {}), heartbeatMs);
    try {
      await this.#scan(digest, context.signal);
    } catch (error) {
      await this.#end(digest, error, context);
    } finally {
      clearInterval(heartbeat);
    }
  };

  async #scan(digest: Digest, signal: AbortSignal): Promise<void> {
    const { db, images, now, feedAgeMaxDays = 5 } = this.#options;
    const image = await inPhase('fetch', () => images.open(digest));
    const inspected = await inPhase('read-layer', () =>
      inspectImage({
        db,
        image,
        now: now(),
        signal,
        onProgress: (progress) => this.#progress(digest, progress),
      }),
    );
    const interned = await inPhase('match', () => internInventory(db, inspected.inventory));
    signal.throwIfAborted();
    const written = await inPhase('store', () =>
      writeReport(db, { digest, inspected, interned, now: now(), feedAgeMaxDays }),
    );
    if (!written) await this.#settle(digest, { state: 'cancelled' });
  }

  /** False: there is nothing to do, because the image is gone or its scan was cancelled while it waited. */
  async #begin(digest: Digest): Promise<boolean> {
    const { rows } = await sql`
      update image_scan set state = 'scanning', problem = null, started_at = now(), touched_at = now(),
        finished_at = null, layers_done = 0, layers_read = 0
      where manifest_digest = ${digest} and category = 'vulnerabilities' and not cancel_requested
      returning 1`.execute(this.#options.db);
    if (rows.length === 0) return false;
    await this.#announce(digest);
    return true;
  }

  async #progress(digest: Digest, progress: ScanProgress): Promise<void> {
    await sql`
      update image_scan set layers_total = ${progress.layersTotal}, layers_done = ${progress.layersDone},
        layers_read = ${progress.layersRead}, touched_at = now()
      where manifest_digest = ${digest} and category = 'vulnerabilities'`.execute(this.#options.db);
    await notify(this.#options.db, 'pratique_scan', digest);
  }

  async #touch(digest: Digest): Promise<void> {
    await sql`update image_scan set touched_at = now()
      where manifest_digest = ${digest} and state = 'scanning'`.execute(this.#options.db);
  }

  async #end(digest: Digest, error: unknown, context: ScanJobContext): Promise<void> {
    if (context.signal.aborted) {
      if (await this.#isCancelled(digest)) return await this.#settle(digest, { state: 'cancelled' });
      await this.#settle(digest, { state: 'queued' }); // the server stops: another one goes on
      throw error;
    }
    this.#options.onFailure?.(digest, error);
    if (context.attempt < context.attemptsMax) {
      await this.#settle(digest, { state: 'queued' });
      throw error;
    }
    await this.#settle(digest, { state: 'failed', problem: describeFailure(error, context.attempt) });
  }

  async #isCancelled(digest: Digest): Promise<boolean> {
    const row = await this.#options.db
      .selectFrom('image_scan')
      .select('cancel_requested')
      .where('manifest_digest', '=', digest)
      .where('category', '=', 'vulnerabilities')
      .executeTakeFirst();
    return row?.cancel_requested === true;
  }

  async #settle(
    digest: Digest,
    end: { readonly state: 'queued' | 'cancelled' | 'failed'; readonly problem?: ScanProblem },
  ): Promise<void> {
    await sql`
      update image_scan set
        state = case when cancel_requested then 'cancelled' else ${end.state} end,
        problem = ${end.problem === undefined ? null : JSON.stringify(end.problem)}::jsonb,
        finished_at = case when ${end.state} = 'queued' then null else now() end
      where manifest_digest = ${digest} and category = 'vulnerabilities'`.execute(this.#options.db);
    await this.#announce(digest);
  }

  async #announce(digest: Digest): Promise<void> {
    await notify(this.#options.db, 'pratique_facts', `image:${digest}`);
    await notify(this.#options.db, 'pratique_scan', digest);
  }
}

async function inPhase<Result>(phase: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new ScanPhaseError(phase, cause);
  }
}
