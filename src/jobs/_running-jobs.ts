/** Reason of an abort by `cancel()`: the job ends without a retry. */
export class JobCancelledError extends Error {
  readonly code = 'job_cancelled';
  constructor() {
    super('Cannot go on with the job: it was cancelled');
    this.name = 'JobCancelledError';
  }
}

/** Reason of an abort because the queue stops: the job runs again later, and the attempt does not count. */
export class JobInterruptedError extends Error {
  readonly code = 'job_interrupted';
  constructor() {
    super('Cannot go on with the job: its server stops');
    this.name = 'JobInterruptedError';
  }
}

/** Reason of an abort because this server stood still, and another one may have taken the job over. */
export class JobLostError extends Error {
  readonly code = 'job_lost';
  constructor() {
    super('Cannot go on with the job: this server stood still for so long that it counted as dead');
    this.name = 'JobLostError';
  }
}

interface RunningJob {
  readonly id: string;
  readonly key: string | null;
  readonly attempt: number;
  readonly abort: AbortController;
}

/** The jobs that run in this process, and the ones that `stopAll` has interrupted. */
export class RunningJobs {
  readonly #running = new Set<RunningJob>();
  readonly #interrupted: { readonly id: string; readonly attempt: number }[] = [];
  #stopping = false;

  /**
   * Runs `work` with a signal of its own. A job that was cancelled ends well whatever it throws; one that was
   * interrupted by the stop is remembered, and throws `JobInterruptedError`.
   */
  async run(job: Omit<RunningJob, 'abort'>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const running = { ...job, abort: new AbortController() };
    const { signal } = running.abort;
    this.#running.add(running);
    if (this.#stopping) running.abort.abort(new JobInterruptedError());
    try {
      await work(signal);
    } catch (error) {
      if (signal.reason instanceof JobCancelledError) return;
      if (!(signal.reason instanceof JobInterruptedError)) throw error;
      this.#interrupted.push(job);
      throw signal.reason;
    } finally {
      this.#running.delete(running);
    }
  }

  cancel(key: string): void {
    for (const job of this.#running) if (job.key === key) job.abort.abort(new JobCancelledError());
  }

  /** Aborts every job that runs now. */
  loseAll(): void {
    for (const job of this.#running) job.abort.abort(new JobLostError());
  }

  /** Aborts every job, and those that start from now on. */
  stopAll(): void {
    this.#stopping = true;
    for (const job of this.#running) job.abort.abort(new JobInterruptedError());
  }

  /** The jobs that the stop has made fail. */
  interrupted(): readonly { readonly id: string; readonly attempt: number }[] {
    return this.#interrupted;
  }
}
