import { EventEmitter } from 'node:events';
import {
  type JobHelpers,
  parseCronItems,
  type Runner,
  run,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker';
import { sql, type Transaction } from 'kysely';
import type { DatabaseConnection } from '../database/database.ts';
import { Notifications, notify } from '../database/notifications.ts';
import type { Tables } from '../database/tables.ts';
import { AbandonedJobs, sessionName, silenceMsMax } from './_abandoned-jobs.ts';
import { brokenPool } from './_broken-pool.ts';
import { queueLogger } from './_queue-logger.ts';
import { JobInterruptedError, JobLostError, RunningJobs } from './_running-jobs.ts';
import type { JobEnqueuer, JobHandler, JobOptions, JobSchedule } from './queue.ts';

const cancelChannel = 'pratique_job_cancel';
const attemptsMaxDefault = 5;
const lookIntervalMsDefault = 5_000;
const pulseIntervalMs = 1_000;
const restartDelayMs = 1_000;
/** Jobs that failed for good are kept this long for whoever looks into them. */
const failedKept = '7 days';

export interface QueueStart {
  readonly handlers: Readonly<Record<string, JobHandler>>;
  readonly schedules?: readonly JobSchedule[];
  /** Jobs at the same time in this process. */
  readonly concurrency: number;
  /** Asked before a job is taken: jobs with one of these flags are not, for now. Several may be taken on one answer. */
  readonly barred?: () => readonly string[];
}

export interface GraphileQueueOptions {
  readonly connection: DatabaseConnection;
  /** Told of trouble of the queue itself and of failed attempts of jobs; never holds a payload. */
  readonly onTrouble?: (message: string) => void;
  /** After this time without a sign of life, a server counts as dead. */
  readonly silenceMsMax?: number;
  /** How often servers that died are looked for; twice in a row makes one dead. */
  readonly lookIntervalMs?: number;
}

/** A job without handler fails; see `JobHandler`. */
type Payload = Readonly<Record<string, unknown>>;

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Session {
  readonly runner: Runner;
  readonly notifications: Notifications;
  /** Settles, with the reason, once its workers take no more jobs and none runs. */
  readonly ended: Promise<unknown>;
}

/**
 * The queue on graphile-worker: rows in the schema `graphile_worker` of our database, which `migrateQueue` makes.
 * A job whose server was killed, or stands still, runs again within seconds, and what the old server still makes of it
 * does not count (threats.md F16); a failed attempt is repeated after e^attempt seconds.
 */
export class GraphileQueue implements JobEnqueuer {
  readonly #connection: DatabaseConnection;
  readonly #onTrouble: (message: string) => void;
  readonly #running = new RunningJobs();
  #session: Session | undefined;
  readonly #silenceMsMax: number;
  readonly #lookIntervalMs: number;
  #lookTimer: NodeJS.Timeout | undefined;
  #pulseTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: GraphileQueueOptions) {
    this.#silenceMsMax = options.silenceMsMax ?? silenceMsMax;
    this.#lookIntervalMs = options.lookIntervalMs ?? lookIntervalMsDefault;
    this.#connection = options.connection;
    this.#onTrouble = options.onTrouble ?? (() => {});
  }

  async enqueue(
    transaction: Transaction<Tables>,
    kind: string,
    payload: Payload,
    options: JobOptions = {},
  ): Promise<void> {
    await sql`select graphile_worker.add_job(
      ${kind}::text,
      payload => ${JSON.stringify(payload)}::json,
      run_at => ${options.runAt ?? null}::timestamptz,
      max_attempts => ${options.attemptsMax ?? attemptsMaxDefault}::int,
      job_key => ${options.key ?? null}::text,
      priority => ${options.priority ?? 0}::int,
      flags => ${options.flags ?? null}::text[]
    )`.execute(transaction);
  }

  /** Begins to work; resolves once jobs are taken. Call it once. */
  async start(options: QueueStart): Promise<void> {
    this.#session = await this.#open(options);
    this.#feelPulse();
    const abandoned = new AbandonedJobs(this.#connection.pool, { silenceMsMax: this.#silenceMsMax });
    const look = async () => {
      try {
        const dead = await abandoned.look();
        if (dead > 0) this.#onTrouble(`took over the jobs of ${dead} server(s) that ended without stopping`);
        await this.#removeFailed();
      } catch (error) {
        this.#onTrouble(`cannot look for abandoned jobs: ${messageOf(error)}`);
      }
      if (!this.#stopping) this.#lookTimer = setTimeout(look, this.#lookIntervalMs);
    };
    await look();
  }

  /**
   * Takes no more jobs, aborts the running ones and waits for them to end. What they had not finished runs again at
   * the next start, and the attempt does not count.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#lookTimer);
    clearInterval(this.#pulseTimer);
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#running.stopAll();
    const stopped = session.runner.stop().catch((error: unknown) => this.#onTrouble(messageOf(error)));
    await Promise.race([stopped, session.ended]);
    for (const job of this.#running.interrupted()) {
      await this.#connection.pool.query(
        'select graphile_worker.reschedule_jobs(array[$1::bigint], run_at => now(), attempts => $2)',
        [job.id, job.attempt - 1],
      );
    }
    await session.notifications.close();
  }

  /**
   * Removes the waiting job of that key and aborts the running one, on whichever server it runs. A running job ends
   * when its handler heeds the signal; the abort reaches it at once, unless its server's listener is reconnecting.
   */
  async cancel(key: string): Promise<void> {
    await this.#connection.db.transaction().execute(async (transaction) => {
      await sql`select graphile_worker.remove_job(${key})`.execute(transaction);
      await notify(transaction, cancelChannel, key);
    });
  }

  async #open(options: QueueStart): Promise<Session> {
    const { promise: listening, resolve: nowListening } = Promise.withResolvers<void>();
    const events: WorkerEvents = new EventEmitter();
    const tasks = new Set<Promise<void>>();
    const broken = brokenPool(events, tasks);
    let poolId = '';
    events.once('pool:create', ({ workerPool }) => {
      poolId = workerPool.id;
    });
    const runner = await run({
      pgPool: this.#connection.pool,
      concurrency: options.concurrency,
      forbiddenFlags: () => [...(options.barred?.() ?? [])],
      taskList: this.#taskList(options.handlers, listening, tasks),
      parsedCronItems: parseCronItems(
        (options.schedules ?? []).map(({ kind, cron }) => ({
          task: kind,
          match: cron,
          identifier: kind,
          options: { jobKey: `schedule:${kind}`, maxAttempts: attemptsMaxDefault },
        })),
      ),
      noHandleSignals: true,
      // Only batches (here of what ends in the same tick) are waited for by a stop.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      events,
      logger: queueLogger(this.#onTrouble),
    });
    const stopped = runner.promise.catch((error: unknown) => error);
    const ended = Promise.race([stopped, broken]);
    void ended.then((error) => this.#reopen(options, error));
    const notifications = new Notifications({
      config: { ...this.#connection.config, application_name: sessionName(poolId) },
      onError: (error) => this.#onTrouble(`the queue's listener lost its connection: ${messageOf(error)}`),
    });
    notifications.subscribe(cancelChannel, (key) => this.#running.cancel(key));
    try {
      await notifications.start();
    } catch (cause) {
      await runner.stop().catch(() => {});
      throw cause;
    }
    nowListening();
    return { runner, notifications, ended };
  }

  /** Notices that this process stood still: then its jobs may be others' by now. */
  #feelPulse(): void {
    let lastMs = performance.now();
    this.#pulseTimer = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - lastMs > this.#silenceMsMax) this.#running.loseAll();
      lastMs = nowMs;
    }, pulseIntervalMs);
  }

  /** Throws when another server has taken the job over. graphile-worker would delete it whoever has it. */
  async #refuseLost(job: { readonly id: string; readonly locked_by: string | null }): Promise<void> {
    const { rowCount } = await this.#connection.pool.query(
      'select from graphile_worker.jobs where id = $1 and locked_by = $2',
      [job.id, job.locked_by],
    );
    if (rowCount === 0) throw new JobLostError();
  }

  /** graphile-worker ends by itself when it meets an error that it does not expect. */
  #reopen(options: QueueStart, error?: unknown): void {
    if (this.#stopping) return;
    this.#onTrouble(`the queue ended and is started again: ${messageOf(error)}`);
    const old = this.#session;
    // Ends its schedules too; it may never have ended, see `brokenPool`.
    void old?.runner.stop().catch(() => {});
    setTimeout(async () => {
      if (this.#stopping) return;
      await old?.notifications.close();
      try {
        this.#session = await this.#open(options);
      } catch (cause) {
        this.#reopen(options, cause);
      }
    }, restartDelayMs);
  }

  /** `running` holds the tasks that run. */
  #taskList(
    handlers: Readonly<Record<string, JobHandler>>,
    listening: Promise<void>,
    running: Set<Promise<void>>,
  ): TaskList {
    const tasks: TaskList = {};
    for (const [kind, handler] of Object.entries(handlers)) {
      const task = this.#task(kind, handler);
      tasks[kind] = async (payload: unknown, helpers: JobHelpers) => {
        // A job must not run before its cancellation can be heard.
        const ended = listening.then(() => task(payload, helpers));
        running.add(ended);
        await ended.finally(() => running.delete(ended));
      };
    }
    return tasks;
  }

  #task(kind: string, handler: JobHandler) {
    return async (payload: unknown, { job }: JobHelpers): Promise<void> => {
      // `_cron` is what graphile-worker adds to the payload of a scheduled job.
      const { _cron, ...own } = isPayload(payload) ? payload : {};
      const running = { id: job.id, key: job.key, attempt: job.attempts };
      const work = (signal: AbortSignal) =>
        handler(own, { signal, attempt: job.attempts, attemptsMax: job.max_attempts });
      try {
        await this.#running.run(running, work);
        await this.#refuseLost(job);
      } catch (error) {
        if (!(error instanceof JobInterruptedError)) {
          const attempt = `attempt ${job.attempts} of ${job.max_attempts}`;
          this.#onTrouble(`job "${kind}" failed, ${attempt}: ${messageOf(error)}`);
        }
        // The queue repeats it.
        throw error;
      }
    };
  }

  async #removeFailed(): Promise<void> {
    await this.#connection.pool.query(
      `select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker.jobs
       where attempts >= max_attempts and locked_at is null and updated_at < now() - $1::interval
       having count(*) > 0`,
      [failedKept],
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
