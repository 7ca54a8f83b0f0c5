import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ExaminationAnswer, ExaminationRequest } from './_examining-thread.ts';
import { type ExaminedManifest, examineManifest } from './examine-manifest.ts';

/** Up to here examining takes less than handing over would. */
const inlineBytesMax = 64 * 1024;
/** The worst 4 MiB need about half of it. */
const heapMibMax = 128;
const youngHeapMibMax = 16;
/** An idle thread keeps the memory of the largest manifest that it has seen. */
const idleMs = 30_000;

const threadFile = new URL(`./_examining-thread${extname(import.meta.url)}`, import.meta.url);

interface Waiting {
  readonly resolve: (examined: ExaminedManifest) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Examines manifests; large ones one after the other in a thread of its own, so that everybody else is answered meanwhile
 * (threats.md C6). The thread begins with the first large manifest and ends when there were none for a while.
 */
export class ManifestExaminer {
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last = 0;

  /**
   * As `examineManifest()`; the bytes must stay what they are until it answers. Throws when the thread ends in the middle;
   * the next manifest gets a new one.
   */
  async examine(bytes: Buffer, contentType: string | undefined): Promise<ExaminedManifest> {
    if (bytes.length <= inlineBytesMax) return examineManifest(bytes, contentType);
    clearTimeout(this.#idle);
    this.#thread ??= this.#begin();
    const thread = this.#thread;
    this.#last += 1;
    const number = this.#last;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      thread.postMessage({ number, bytes, contentType } satisfies ExaminationRequest);
    });
  }

  #begin(): Worker {
    const thread = new Worker(threadFile, {
      // Nothing of our settings: they hold passwords.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMibMax, maxYoungGenerationSizeMb: youngHeapMibMax },
    });
    thread.on('message', ({ number, examined }: ExaminationAnswer) => {
      this.#waiting.get(number)?.resolve(examined);
      this.#waiting.delete(number);
      if (this.#waiting.size === 0) this.#endWhenIdle(thread);
    });
    const onEnd = (cause: unknown) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      const lost = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { reject } of lost) reject(new ExaminingThreadError({ cause }));
    };
    thread.on('error', onEnd).on('exit', onEnd);
    // Last, because a listener holds the process open again.
    thread.unref();
    return thread;
  }

  #endWhenIdle(thread: Worker): void {
    this.#idle = setTimeout(() => {
      this.#thread = undefined;
      void thread.terminate();
    }, idleMs).unref();
  }
}

/** The thread ended before it had answered. */
export class ExaminingThreadError extends Error {
  readonly code = 'examining_thread';
  constructor(options: ErrorOptions) {
    super('Cannot examine the manifest: its thread must answer, got its end', options);
    this.name = 'ExaminingThreadError';
  }
}
