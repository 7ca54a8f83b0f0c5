import { expect, test } from 'vitest';
import { AtMost } from './at-most.ts';

test('AtMost lets so many run at once, others in order, and sheds who waits too long', async () => {
  const atMost = new AtMost({ atOnce: 2, patienceMs: 200 });
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const work = (index: number) =>
    atMost.run(async () => {
      begun.push(index);
      await gates[index]?.promise;
    });
  const [first, second, third] = [work(0), work(1), work(2)];
  const shed = work(3).catch((error: unknown) => error);
  expect(begun).toEqual([0, 1]);
  gates[1]?.resolve();
  await second;
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  expect(await shed).toMatchObject({ code: 'database_busy' });
  gates[0]?.resolve();
  gates[2]?.reject(new Error('broken'));
  await first;
  await expect(third).rejects.toThrow('broken');
  // What failed has given its place back.
  await Promise.all([atMost.run(async () => {}), atMost.run(async () => {})]);
});
