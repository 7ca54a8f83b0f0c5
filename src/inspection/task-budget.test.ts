import { describe, expect, it } from 'vitest';
import { TaskBudget } from './_task-budget.ts';
import { defaultInspectionLimits } from './inspection-limits.ts';

const mebibyte = 1024 ** 2;
const limits = { ...defaultInspectionLimits, stallSecondsMax: 30, workSecondsMax: 600 };

/** Ticks each second, as often as told, of a process that works all the time; the first failure and the second it came in. */
function run(options: {
  readonly seconds: number;
  readonly workPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly isWaiting?: boolean;
  readonly residentBytes?: number;
  readonly tellsUsage?: boolean;
}): { readonly failure: string; readonly second: number } | undefined {
  const {
    workPerSecond = 1,
    bytesPerSecond,
    isWaiting = false,
    residentBytes = 0,
    tellsUsage = true,
  } = options;
  const budget = new TaskBudget(limits, 0, { processorMs: 5_000, residentBytes: 0 });
  for (let second = 1; second <= options.seconds; second += 1) {
    if (bytesPerSecond !== undefined) budget.progress(second * bytesPerSecond);
    const usage = { processorMs: 5_000 + second * workPerSecond * 1000, residentBytes };
    const exceeded = budget.tick(second * 1000, { usage: tellsUsage ? usage : undefined, isWaiting });
    if (exceeded !== undefined) return { failure: exceeded.failure, second };
  }
  return undefined;
}

describe('TaskBudget', () => {
  it.each([
    ['no progress in 30 s of work', { seconds: 40 }, { failure: 'stalled', second: 31 }],
    ['none on a busy machine', { seconds: 200, workPerSecond: 0.1 }, { failure: 'stalled', second: 121 }],
    [
      'no progress while it waits for its source',
      { seconds: 1_000, workPerSecond: 0, isWaiting: true },
      undefined,
    ],
    ['no figures of the system', { seconds: 40, tellsUsage: false }, { failure: 'stalled', second: 31 }],
    ['some progress, no bytes', { seconds: 100, bytesPerSecond: 1 }, { failure: 'time', second: 61 }],
    ['2 MiB/s', { seconds: 1_000, bytesPerSecond: 2 * mebibyte }, { failure: 'time', second: 121 }],
    [
      '8 MiB/s, up to the most',
      { seconds: 1_000, bytesPerSecond: 8 * mebibyte },
      { failure: 'time', second: 601 },
    ],
    ['memory at its limit', { seconds: 20, residentBytes: limits.memoryBytesMax }, undefined],
    [
      'memory above it',
      { seconds: 20, residentBytes: limits.memoryBytesMax + 1 },
      { failure: 'memory', second: 1 },
    ],
  ])('%s (threats.md D9)', (_name, options, expected) => {
    expect(run(options)).toEqual(expected);
  });

  it('counts no more than a second for a pause of this process', () => {
    const budget = new TaskBudget(limits, 0, undefined);
    expect(budget.tick(3_600_000, { usage: undefined, isWaiting: false })).toBeUndefined();
  });

  it('takes the word of the process for its memory where the system is silent', () => {
    const budget = new TaskBudget(limits, 0, undefined);
    budget.progress(0, limits.memoryBytesMax + 1);
    expect(budget.tick(100, { usage: undefined, isWaiting: false })).toMatchObject({ failure: 'memory' });
  });
});
