import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import type { InspectionPool } from '../inspection/inspection-pool.ts';
import type { PublishedArchives } from '../inspection/inventory/published-archives.ts';
import type { Engine } from '../inspection/malware/engine.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import { describeFailure, ScanPhaseError } from './describe-failure.ts';
import { inspectImage } from './inspect-image.ts';
import type { ScanProgress } from './inspect-layers.ts';
import { internInventory } from './intern-inventory.ts';
import type { DifferenceObserver } from './matches/difference-observer.ts';
import { isRun, type ScanRun } from './scan-run.ts';
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
  /** Reads layers. */
  readonly inspections: InspectionPool;
  /** Malware engines; default none. */
  readonly engines?: readonly Engine[];
  /** Names Java archives by their bytes; absent: guessed names stay. */
  readonly archives?: PublishedArchives | undefined;
  readonly now: () => Date;
  /** Default 5. */
  readonly feedAgeMaxDays?: number;
  /** Told of what a scan finds otherwise than before. */
  readonly observer?: Pick<DifferenceObserver, 'judged'>;
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
    const run = digest === undefined ? undefined : await this.#begin(digest);
    if (run === undefined) return;
    const heartbeat = setInterval(() => void this.#touch(run).catch(() => {}), heartbeatMs);
    try {
      await this.#scan(run, context.signal);
    } catch (error) {
      await this.#end(run, error, context);
    } finally {
      clearInterval(heartbeat);
    }
  };

  async #scan(run: ScanRun, signal: AbortSignal): Promise<void> {
    const { digest } = run;
    const { db, images, inspections, engines = [], now, feedAgeMaxDays = 5 } = this.#options;
    const image = await inPhase('fetch', () => images.open(digest));
    const inspected = await inPhase('read-layer', () =>
      inspectImage({
        db,
        inspections,
        image,
        engines,
        archives: this.#options.archives,
        now: now(),
        signal,
        onProgress: (progress) => this.#progress(run, progress),
      }),
    );
    const interned = await inPhase('match', () => internInventory(db, inspected.inventory));
    signal.throwIfAborted();
    const written = await inPhase('store', () =>
      writeReport(db, {
        run,
        inspected,
        interned,
        now: now(),
        feedAgeMaxDays,
        observer: this.#options.observer,
      }),
    );
    if (!written) await this.#settle(run, { state: 'cancelled' });
  }

  /** Undefined: there is nothing to do, because the image is gone or its scan was cancelled while it waited. */
  async #begin(digest: Digest): Promise<ScanRun | undefined> {
    const { rows } = await sql<{ token: string }>`
      with begun as (
        update image_scan set state = 'scanning', problem = null, started_at = clock_timestamp(), touched_at = now(),
          finished_at = null, layers_done = 0, layers_read = 0
        where manifest_digest = ${digest} and category = 'vulnerabilities' and not cancel_requested
        returning started_at, queued_at),
      others as (
        insert into image_scan (manifest_digest, category, state, queued_at, started_at, touched_at)
        select ${digest}, category, 'scanning', queued_at, started_at, now()
        from begun, (values ('secrets'), ('malware')) as other (category)
        on conflict (manifest_digest, category) do update set state = 'scanning', problem = null,
          started_at = excluded.started_at, touched_at = now(), finished_at = null, cancel_requested = false,
          layers_done = 0, layers_read = 0)
      select started_at::text as token from begun`.execute(this.#options.db);
    const [begun] = rows;
    if (begun === undefined) return undefined;
    await this.#announce(digest);
    return { digest, token: begun.token };
  }

  async #progress(run: ScanRun, progress: ScanProgress): Promise<void> {
    await sql`
      update image_scan set layers_total = ${progress.layersTotal}, layers_done = ${progress.layersDone},
        layers_read = ${progress.layersRead}, touched_at = now()
      where ${isRun(run)}`.execute(this.#options.db);
    await notify(this.#options.db, 'pratique_scan', run.digest);
  }

  async #touch(run: ScanRun): Promise<void> {
    await sql`update image_scan set touched_at = now()
      where ${isRun(run)} and state = 'scanning'`.execute(this.#options.db);
  }

  async #end(run: ScanRun, error: unknown, context: ScanJobContext): Promise<void> {
    if (context.signal.aborted) {
      if (await this.#isCancelled(run.digest)) return await this.#settle(run, { state: 'cancelled' });
      await this.#settle(run, { state: 'queued' }); // the server stops: another one goes on
      throw error;
    }
    this.#options.onFailure?.(run.digest, error);
    if (context.attempt < context.attemptsMax) {
      await this.#settle(run, { state: 'queued' });
      throw error;
    }
    await this.#settle(run, { state: 'failed', problem: describeFailure(error, context.attempt) });
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
    run: ScanRun,
    end: { readonly state: 'queued' | 'cancelled' | 'failed'; readonly problem?: ScanProblem },
  ): Promise<void> {
    await sql`
      with led as (
        update image_scan set
          state = case when cancel_requested then 'cancelled' else ${end.state} end,
          problem = ${end.problem === undefined ? null : JSON.stringify(end.problem)}::jsonb,
          finished_at = case when ${end.state} = 'queued' then null else now() end
        where ${isRun(run)}
        returning manifest_digest, state, problem, finished_at)
      update image_scan o set state = led.state, problem = led.problem, finished_at = led.finished_at
      from led where o.manifest_digest = led.manifest_digest and o.category <> 'vulnerabilities'`.execute(
      this.#options.db,
    );
    await this.#announce(run.digest);
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
