import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DatabaseBusyError } from '../database/is-unavailable.ts';
import { Turn, Turns } from '../database/turns.ts';
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

  it('sheds whose patience is over, and asks again for the others (threats.md F10)', async () => {
    const turns = new Turns();
    const loads: { readonly keys: readonly string[]; readonly rank: number | undefined }[] = [];
    const batcher = new Batcher<string, string>({
      keysPerQueryMax: 10,
      queriesAtOnceMax: 1,
      turns,
      load: async (keys) => {
        const turn = turns.current();
        loads.push({ keys, rank: turn?.rank });
        if (!keys.includes('hurried')) return keys;
        await setTimeout(turn?.patienceMs);
        throw new DatabaseBusyError(50);
      },
    });
    const ask = (key: string, place: { readonly rank: number; readonly patienceMs: number }) =>
      turns.run(new Turn(place), () => batcher.get(key));
    const results = await Promise.allSettled([
      ask('hurried', { rank: 2, patienceMs: 50 }),
      ask('patient', { rank: 1, patienceMs: 5_000 }),
      ask('last', { rank: 3, patienceMs: 5_000 }),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(loads).toEqual([
      { keys: ['hurried', 'patient', 'last'], rank: 1 },
      { keys: ['patient', 'last'], rank: 1 },
    ]);
  });
});
