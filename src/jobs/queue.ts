import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';

export interface JobOptions {
  /** A queued job with the same key is replaced instead of added: at most one waits. */
  readonly key?: string;
  /** Lower runs first; default 0. */
  readonly priority?: number;
  readonly attemptsMax?: number;
  readonly runAt?: Date;
  /** Words by which `QueueStart.barred` leaves it waiting. */
  readonly flags?: readonly string[];
}

/** Adds a job in the caller's own transaction: it exists exactly when the transaction commits. */
export interface JobEnqueuer {
  enqueue(
    transaction: Transaction<Tables>,
    kind: string,
    payload: Readonly<Record<string, unknown>>,
    options?: JobOptions,
  ): Promise<void>;
}

export interface JobContext {
  /** Aborts when the job is cancelled or the server stops. */
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly attemptsMax: number;
}

/** A job kind's work; throwing makes the queue retry with backoff up to `attemptsMax`. */
export type JobHandler = (payload: Readonly<Record<string, unknown>>, context: JobContext) => Promise<void>;

/** A recurring job; `cron` has five fields and is UTC. */
export interface JobSchedule {
  readonly kind: string;
  readonly cron: string;
}
