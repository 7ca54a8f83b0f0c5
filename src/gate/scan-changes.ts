import type { ChangeListener } from '../scan/reports/image-facts-store.ts';

interface Waiter {
  readonly digests: ReadonlySet<string>;
  readonly wake: () => void;
}

/** Notifications can be lost while the listener reconnects, so whoever waits looks again after this at the latest. */
const lookAgainMs = 1_000;

/** Wakes pulls that wait for a scan, on whatever replica it ends. */
export class ScanChanges {
  readonly #waiters = new Set<Waiter>();
  readonly #unsubscribe: () => void;
  #isClosed = false;

  constructor(listener: ChangeListener) {
    this.#unsubscribe = listener.subscribe('pratique_scan', (digest) => {
      for (const waiter of this.#waiters) if (waiter.digests.has(digest)) waiter.wake();
    });
  }

  /**
   * Calls `look` until it gives an answer, after each change of one of its digests' scans; undefined when none came in
   * time. Throws the signal's reason when that aborts.
   */
  async waitFor<Answer>(options: {
    readonly digests: readonly string[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly look: () => Promise<Answer | undefined>;
  }): Promise<Answer | undefined> {
    const { signal, look } = options;
    const endAtMs = performance.now() + options.timeoutMs;
    for (;;) {
      signal.throwIfAborted();
      const remainingMs = endAtMs - performance.now();
      const change = this.#change(options.digests, Math.min(Math.max(remainingMs, 0), lookAgainMs), signal);
      try {
        const answer = await look();
        if (answer !== undefined) return answer;
        if (remainingMs <= 0 || this.#isClosed) return undefined;
        await change.happened;
      } finally {
        change.stop();
      }
    }
  }

  /** Ends all waiting: whoever waits is told that no answer came in time. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const waiter of this.#waiters) waiter.wake();
  }

  #change(
    digests: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
  ): { readonly happened: Promise<void>; readonly stop: () => void } {
    const { promise: happened, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const waiter: Waiter = { digests: new Set(digests), wake };
    const timer = setTimeout(wake, timeoutMs);
    signal.addEventListener('abort', wake, { once: true });
    this.#waiters.add(waiter);
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#waiters.delete(waiter);
    };
    return { happened, stop };
  }
}
