import { expect, it } from 'vitest';
import { UsedLately } from './used-lately.ts';

it('UsedLately keeps what was used lately, and never more than it may', () => {
  const kept = new UsedLately<string>(10);
  const ids = Array.from({ length: 100 }, (_, id) => id);
  for (const id of ids) {
    kept.set(id, `value ${id}`);
    expect(kept.get(0)).toBe('value 0');
  }
  expect(kept.get(99)).toBe('value 99');
  expect(kept.get(50)).toBeUndefined();
  expect(ids.filter((id) => kept.get(id) !== undefined).length).toBeLessThanOrEqual(10);
  kept.clear();
  expect(kept.get(0)).toBeUndefined();
});
