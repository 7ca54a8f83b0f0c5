import { AsyncLocalStorage } from 'node:async_hooks';
import type { Digest } from '../../oci/digest.ts';

/** Read at once: few enough that whoever needs one of them soon does not wait for many others. */
const imagesAtOnce = 8;

/** Has images read again while others still are answered from memory: each once, some at a time, one reading after the other. */
export class RefreshAhead {
  readonly #read: (digests: readonly Digest[]) => Promise<void>;
  readonly #wanted = new Set<Digest>();
  /** Whoever asked has a turn of his own at the database, which this must not use up. */
  readonly #inOwnName = AsyncLocalStorage.snapshot();
  #isRunning = false;

  /** `read` may throw: then nothing is read before the next image is wanted. */
  constructor(read: (digests: readonly Digest[]) => Promise<void>) {
    this.#read = read;
  }

  want(digest: Digest): void {
    this.#wanted.add(digest);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#inOwnName(() => this.#run());
  }

  clear(): void {
    this.#wanted.clear();
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted.size > 0) {
        const digests = [...this.#wanted].slice(0, imagesAtOnce);
        await this.#read(digests);
        for (const digest of digests) this.#wanted.delete(digest);
      }
    } catch {
      // What is in memory ends in time, and whoever asks then is told what fails.
      this.#wanted.clear();
    } finally {
      this.#isRunning = false;
    }
  }
}
