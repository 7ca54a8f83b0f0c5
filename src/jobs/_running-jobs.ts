/** Reason of an abort by `cancel()`; the job ends without a retry. */
export const cancelled = Symbol('cancelled');
/** Reason of an abort because the queue stops; the job runs again later, and the attempt does not count. */
export const stopped = Symbol('stopped');

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
   * interrupted by the stop is remembered.
   */
  async run(job: Omit<RunningJob, 'abort'>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const running = { ...job, abort: new AbortController() };
    const { signal } = running.abort;
    this.#running.add(running);
    if (this.#stopping) running.abort.abort(stopped);
    try {
      await work(signal);
    } catch (error) {
      if (signal.aborted && signal.reason === cancelled) return;
      if (signal.aborted && signal.reason === stopped) this.#interrupted.push(job);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  cancel(key: string): void {
    for (const job of this.#running) if (job.key === key) job.abort.abort(cancelled);
  }

  /** Aborts every job, and those that start from now on. */
  stopAll(): void {
    this.#stopping = true;
    for (const job of this.#running) job.abort.abort(stopped);
  }

  /** The jobs that the stop has made fail. */
  interrupted(): readonly { readonly id: string; readonly attempt: number }[] {
    return this.#interrupted;
  }
}
