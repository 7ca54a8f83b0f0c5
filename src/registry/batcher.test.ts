import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Batcher } from './batcher.ts';

describe('Batcher', () => {
  it('answers everyone, few queries at once, none before it was asked', async () => {
    const loads: number[] = [];
    let running = 0;
    let runningMost = 0;
    let asked = 0;
    const batcher = new Batcher<number, number>({
      keysPerQueryMax: 10,
      queriesAtOnceMax: 2,
      load: async (keys) => {
        expect(Math.max(...keys)).toBeLessThan(asked);
        loads.push(keys.length);
        running += 1;
        runningMost = Math.max(runningMost, running);
        await setTimeout(1);
        running -= 1;
        return keys.map((key) => key * 2);
      },
    });
    const answers: Promise<number>[] = [];
    for (; asked < 100; ) {
      answers.push(batcher.get(asked));
      asked += 1;
    }
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, (_, key) => key * 2));
    expect(loads).toEqual(Array(10).fill(10));
    expect(runningMost).toBe(2);
    asked = 1_000;
    expect(await batcher.get(999)).toBe(1_998);
  });

  it('fails those of a failed query alone', async () => {
    const batcher = new Batcher<number, number>({
      keysPerQueryMax: 1,
      queriesAtOnceMax: 1,
      load: async ([key = 0]) => {
        if (key === 1) throw new Error('broken');
        return [key];
      },
    });
    const results = await Promise.allSettled([0, 1, 2].map((key) => batcher.get(key)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
