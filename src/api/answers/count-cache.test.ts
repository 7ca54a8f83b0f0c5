import { describe, expect, it } from 'vitest';
import { CountCache } from './count-cache.ts';

function setUp() {
  const clock = { nowMs: 0 };
  const cache = new CountCache<number>({ now: () => new Date(clock.nowMs), sizeOf: (count) => count });
  const asked = { times: 0, answer: 5_000 };
  const ask = () =>
    cache.of('key', async () => {
      asked.times += 1;
      return asked.answer;
    });
  return { clock, asked, ask, cache };
}

describe('CountCache', () => {
  it('counts small numbers every time', async () => {
    const { asked, ask } = setUp();
    asked.answer = 999;
    await ask();
    await ask();
    expect(asked.times).toBe(2);
  });

  it('answers the last large count for ten seconds, then that one once more while it counts again', async () => {
    const { clock, asked, ask } = setUp();
    expect(await ask()).toBe(5_000);
    asked.answer = 6_000;
    clock.nowMs = 9_999;
    expect(await ask()).toBe(5_000);
    expect(asked.times).toBe(1);
    clock.nowMs = 10_000;
    expect(await ask()).toBe(5_000);
    await new Promise(setImmediate);
    expect(await ask()).toBe(6_000);
    expect(asked.times).toBe(2);
  });

  it.each([
    { tookMs: 2_000, freshMs: 40_000 },
    { tookMs: 30_000, freshMs: 45_000 },
  ])('answers what took $tookMs ms to count for $freshMs ms', async ({ tookMs, freshMs }) => {
    const { clock, asked, cache } = setUp();
    const ask = () =>
      cache.of('key', async () => {
        asked.times += 1;
        clock.nowMs += tookMs;
        return asked.answer;
      });
    await ask();
    clock.nowMs = tookMs + freshMs - 1;
    await ask();
    expect(asked.times).toBe(1);
    clock.nowMs = tookMs + freshMs;
    await ask();
    expect(asked.times).toBe(2);
  });

  it('never answers what is a minute old', async () => {
    const { clock, asked, ask } = setUp();
    await ask();
    asked.answer = 6_000;
    clock.nowMs = 60_000;
    expect(await ask()).toBe(6_000);
  });

  it('counts once for all that ask at the same time, and again after a failure', async () => {
    const { asked, ask, cache } = setUp();
    await Promise.all([ask(), ask(), ask()]);
    expect(asked.times).toBe(1);
    const failing = () => cache.of('other', () => Promise.reject(new Error('no database')));
    await expect(failing()).rejects.toThrow('no database');
    expect(await cache.of('other', async () => 7)).toBe(7);
  });

  it('counts of several keys those that are due, and takes them for small when they are so together', async () => {
    const { clock, cache } = setUp();
    const asked: (readonly string[])[] = [];
    const ask = async (keys: readonly string[], each: number) => {
      const counted = await cache.ofMany(keys, async (due) => {
        asked.push(due);
        return new Map(due.map((key) => [key, each]));
      });
      return [...counted].toSorted();
    };
    await ask(['a', 'b'], 400);
    await ask(['a', 'b', 'c'], 400);
    expect(await ask(['a', 'b', 'd'], 500)).toEqual([
      ['a', 500],
      ['b', 500],
      ['d', 500],
    ]);
    expect(await ask(['b', 'd', 'e'], 600)).toEqual([
      ['b', 500],
      ['d', 500],
      ['e', 600],
    ]);
    clock.nowMs = 10_000;
    expect(await ask(['b', 'd', 'e'], 700)).toEqual([
      ['b', 500],
      ['d', 500],
      ['e', 700],
    ]);
    await new Promise(setImmediate);
    expect(await ask(['d'], 800)).toEqual([['d', 800]]);
    expect(asked).toEqual([['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'd'], ['e'], ['b', 'd', 'e'], ['d']]);
  });
});
