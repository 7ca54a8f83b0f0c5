import { describe, expect, it } from 'vitest';
import { BodyRoom } from './body-room.ts';

const largeBytes = 4 * 1024 * 1024;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Asks for room so many times; who got it, in order, and how each gives it back. */
async function ask(room: BodyRoom, accountId: number, times: number) {
  const entered: (() => void)[] = [];
  for (let index = 0; index < times; index += 1) {
    void room.enter(accountId, largeBytes).then((place) => place !== undefined && entered.push(place.leave));
  }
  await settled();
  return entered;
}

describe('BodyRoom (threats.md C6)', () => {
  it('lets an account have two large bodies at once, and the next when one leaves', async () => {
    const room = new BodyRoom(largeBytes);
    const entered = await ask(room, 1, 6);
    expect(entered).toHaveLength(2);
    entered[0]?.();
    await settled();
    expect(entered).toHaveLength(3);
  });

  it('leaves room for others, sixteen in all', async () => {
    const room = new BodyRoom(largeBytes);
    const accounts = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((accountId) => ask(room, accountId, 10)),
    );
    expect(accounts.map((entered) => entered.length)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 0]);
    accounts[0]?.[0]?.();
    await settled();
    // The account that left waits for its own turn too, and was first.
    expect(accounts.map((entered) => entered.length)).toEqual([3, 2, 2, 2, 2, 2, 2, 2, 0]);
  });

  it('lends each body memory of its own, and the next one that of the last', async () => {
    const room = new BodyRoom(largeBytes);
    const [first, second] = [await room.enter(1, largeBytes), await room.enter(1, largeBytes)];
    expect(first?.memory).toHaveLength(largeBytes);
    expect(second?.memory?.buffer).not.toBe(first?.memory?.buffer);
    first?.leave();
    expect((await room.enter(2, largeBytes))?.memory?.buffer).toBe(first?.memory?.buffer);
  });

  it('counts a body of unknown length as large, and lets small ones pass', async () => {
    const room = new BodyRoom(largeBytes);
    await ask(room, 1, 2);
    expect((await room.enter(1, 1000))?.memory).toBeUndefined();
    let isIn = false;
    void room.enter(1, Number.NaN).then(() => {
      isIn = true;
    });
    await settled();
    expect(isIn).toBe(false);
  });
});
