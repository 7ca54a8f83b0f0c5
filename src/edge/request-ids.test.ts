import { expect, it } from 'vitest';
import { requestIds } from './request-ids.ts';

it('requestIds() makes 12 characters that never come again, over many refills', () => {
  const next = requestIds();
  const ids = Array.from({ length: 5_000 }, next);
  expect(new Set(ids).size).toBe(5_000);
  for (const id of ids) expect(id).toMatch(/^[\w-]{12}$/);
});
