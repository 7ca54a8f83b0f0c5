import type { ProcessUsage } from './_process-usage.ts';
import type { InspectionFailure } from './inspection-error.ts';
import { type InspectionLimits, workMsMax } from './inspection-limits.ts';

export interface Exceeded {
  readonly failure: InspectionFailure;
  /** One clause. */
  readonly reason: string;
}

/** On the clock an inspection may take so many times its work: other processes want the machine too. */
const clockPerWork = 4;
/** A longer pause was one of this process, or of the whole machine, and not the inspection's. */
const tickMsMax = 1000;
const mebibyte = 1024 ** 2;

/**
 * Adds up what one task of an inspection process takes. Work is processor time where the system tells it, and time on the
 * clock elsewhere; time that the task waits for its source is nobody's.
 */
export class TaskBudget {
  readonly #limits: InspectionLimits;
  readonly #processorMsBefore: number;
  #tickedAtMs: number;
  #clockMs = 0;
  #processorMs: number | undefined;
  #residentBytes = 0;
  #bytes = 0;
  #progressClockMs = 0;
  #progressWorkMs = 0;
  #hasProgress = false;

  /** `nowMs`: a clock that never goes back. `usage`: of the process before the task. */
  constructor(limits: InspectionLimits, nowMs: number, usage: ProcessUsage | undefined) {
    this.#limits = limits;
    this.#tickedAtMs = nowMs;
    this.#processorMsBefore = usage?.processorMs ?? 0;
  }

  /** Something was done: so many bytes are inflated by now. `residentBytes`: as the process itself sees it. */
  progress(bytes: number, residentBytes = 0): void {
    this.#bytes = bytes;
    this.#residentBytes = residentBytes;
    this.#hasProgress = true;
  }

  /** Bytes of the source went in. */
  taken(): void {
    this.#hasProgress = true;
  }

  /** What is exceeded by now, if anything. `isWaiting`: the source has given nothing since the last tick. */
  tick(
    nowMs: number,
    state: { readonly usage: ProcessUsage | undefined; readonly isWaiting: boolean },
  ): Exceeded | undefined {
    const { usage, isWaiting } = state;
    if (!isWaiting) this.#clockMs += Math.min(tickMsMax, nowMs - this.#tickedAtMs);
    this.#tickedAtMs = nowMs;
    if (usage !== undefined) {
      this.#processorMs = usage.processorMs - this.#processorMsBefore;
      this.#residentBytes = usage.residentBytes;
    }
    if (this.#hasProgress) {
      this.#hasProgress = false;
      this.#progressClockMs = this.#clockMs;
      this.#progressWorkMs = this.#workMs;
    }
    return this.#exceeded();
  }

  get #workMs(): number {
    return this.#processorMs ?? this.#clockMs;
  }

  #exceeded(): Exceeded | undefined {
    const { memoryBytesMax, stallSecondsMax } = this.#limits;
    if (this.#residentBytes > memoryBytesMax) {
      const reason = `it takes more than ${Math.floor(memoryBytesMax / mebibyte)} MiB of memory`;
      return { failure: 'memory', reason };
    }
    const stalledWorkMs = this.#workMs - this.#progressWorkMs;
    const stalledClockMs = this.#clockMs - this.#progressClockMs;
    const stallMsMax = stallSecondsMax * 1000;
    if (stalledWorkMs > stallMsMax || stalledClockMs > stallMsMax * clockPerWork) {
      const reason = `it comes no further: nothing was done in ${stallSecondsMax} s of work`;
      return { failure: 'stalled', reason };
    }
    const workMs = workMsMax(this.#limits, this.#bytes);
    if (this.#workMs > workMs || this.#clockMs > workMs * clockPerWork) {
      const read = `${Math.floor(this.#bytes / mebibyte)} MiB`;
      const reason = `it takes more than ${Math.floor(workMs / 1000)} s of work for ${read} that were read`;
      return { failure: 'time', reason };
    }
    return undefined;
  }
}
