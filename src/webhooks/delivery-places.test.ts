import { describe, expect, test } from 'vitest';
import { DeliveryPlaces } from './delivery-places.ts';

describe('DeliveryPlaces', () => {
  const start = () => {
    const clock = { nowMs: 0 };
    const places = new DeliveryPlaces({ nowMs: () => clock.nowMs });
    return {
      clock,
      barred: () => places.barred(),
      take: (webhookId: number, namespaceId?: number) => places.take({ webhookId, namespaceId }),
    };
  };

  const answer = ({ take }: ReturnType<typeof start>, receivers: readonly (readonly [number, number?])[]) => {
    for (const [webhookId, namespaceId] of receivers) take(webhookId, namespaceId)?.();
  };

  test('give a webhook that answers two and a namespace three, the registry too, and take them back', () => {
    const places = start();
    const { barred, take } = places;
    answer(places, [[1, 7], [2, 7], [3, 7], [10], [11], [12], [13]]);
    const leave = take(1, 7);
    expect(take(1, 7)).toBeDefined();
    expect(take(1, 7)).toBeUndefined();
    expect(barred()).toEqual(['webhook:1']);
    expect(take(2, 7)).toBeDefined();
    expect(take(3, 7)).toBeUndefined();
    expect(barred()).toEqual(['webhook:1', 'namespace:7']);
    leave?.();
    expect(barred()).toEqual([]);
    expect([10, 11, 12, 13].map((id) => take(id) !== undefined)).toEqual([true, true, true, false]);
    expect(barred()).toEqual(['namespace:none']);
  });

  test('give a receiver that nobody has seen answer one, and its namespace two of such', () => {
    const { barred, take } = start();
    const leave = take(1, 7);
    expect(take(1, 7)).toBeUndefined();
    expect(take(2, 7)).toBeDefined();
    expect(take(3, 7)).toBeUndefined();
    // Named once it has asked, so that it is not asked for again before its turn.
    expect(barred().toSorted()).toEqual(['webhook:1', 'webhook:2', 'webhook:3']);
    leave?.();
    expect(take(1, 7)).toBeDefined();
    expect(take(3, 7)).toBeDefined();
  });

  test('are never all held by receivers that nobody has seen answer, however many namespaces (threats.md F27)', () => {
    const places = start();
    const { clock, take } = places;
    answer(places, [
      [1, 1],
      [2, 2],
    ]);
    let held = 0;
    for (const nowMs of [0, 1_999, 2_000, 4_000, 6_000, 9_999]) {
      clock.nowMs = nowMs;
      for (let id = 10; id < 40; id += 1) if (take(id, Math.floor(id / 3)) !== undefined) held += 1;
    }
    expect(held).toBe(6);
    expect([take(1, 1), take(2, 2)].map((leave) => leave !== undefined)).toEqual([true, true]);
  });

  test('are four for all silent receivers, and two of each namespace (threats.md F27)', () => {
    const places = start();
    const { clock, barred, take } = places;
    const silent = [10, 11, 20, 21, 30, 31];
    for (const id of silent) {
      const leave = take(id, Math.floor(id / 10));
      clock.nowMs += 2_000;
      leave?.();
    }
    // They are known now, before they have been silent again.
    expect(take(10, 1)).toBeDefined();
    expect(take(11, 1)).toBeDefined();
    expect(take(11, 1)).toBeUndefined();
    expect([20, 21, 30].map((id) => take(id, Math.floor(id / 10)) !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(barred().toSorted()).toEqual(silent.map((id) => `webhook:${id}`));
    // One of the same namespace that nobody has seen answer finds a place.
    expect(take(13, 1)).toBeDefined();
  });

  test('forget that a receiver was silent when it answers', () => {
    const { clock, barred, take } = start();
    for (const answersMs of [5_000, 10]) {
      const leave = take(1, 1);
      clock.nowMs += answersMs;
      leave?.();
    }
    for (const id of [2, 3, 4, 5]) take(id, id);
    clock.nowMs += 2_000;
    expect(barred().toSorted()).toEqual([2, 3, 4, 5].map((id) => `webhook:${id}`));
    expect(take(1, 1)).toBeDefined();
  });
});
