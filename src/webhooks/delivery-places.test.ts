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

  test('give a webhook two and a namespace three, the registry too, and take them back', () => {
    const { barred, take } = start();
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

  test('are four for all silent receivers, and two of each namespace (threats.md F27)', () => {
    const { clock, barred, take } = start();
    const leaveAll = [1, 2, 3].flatMap((namespaceId) => [
      take(10 * namespaceId, namespaceId),
      take(10 * namespaceId + 1, namespaceId),
    ]);
    clock.nowMs = 1_999;
    expect(barred()).toEqual([]);
    clock.nowMs = 2_000;
    expect(barred()).toEqual([10, 11, 20, 21, 30, 31].map((id) => `webhook:${id}`));
    expect(take(12, 1)).toBeDefined();
    for (const leave of leaveAll) leave?.();
    // They are known now, before they have been silent again; 12 is silent by itself.
    clock.nowMs = 4_000;
    expect(take(10, 1)).toBeDefined();
    expect(take(11, 1)).toBeUndefined();
    expect([20, 21, 30].map((id) => take(id, Math.floor(id / 10)) !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(take(13, 1)).toBeDefined();
  });

  test('forget that a receiver was silent when it answers', () => {
    const { clock, barred, take } = start();
    for (const answersMs of [5_000, 10]) {
      const leave = take(1);
      clock.nowMs += answersMs;
      leave?.();
    }
    for (const id of [2, 3, 4, 5]) take(id, id);
    clock.nowMs += 2_000;
    expect(barred()).toEqual([2, 3, 4, 5].map((id) => `webhook:${id}`));
  });
});
