import { describe, expect, it } from 'vitest';
import { BodyRoom } from './body-room.ts';

const largeBytes = 4 * 1024 * 1024;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Asks for room so many times; who got it, in order, and how each gives it back. */
async function ask(room: BodyRoom, accountId: number, times: number) {
  const entered: (() => void)[] = [];
  for (let index = 0; index < times; index += 1) {
    void room.enter(accountId, largeBytes).then((leave) => leave !== undefined && entered.push(leave));
  }
  await settled();
  return entered;
}

describe('BodyRoom (threats.md C6)', () => {
  it('lets an account have four large bodies at once, and the next when one leaves', async () => {
    const room = new BodyRoom();
    const entered = await ask(room, 1, 6);
    expect(entered).toHaveLength(4);
    entered[0]?.();
    await settled();
    expect(entered).toHaveLength(5);
  });

  it('leaves room for others, sixteen in all', async () => {
    const room = new BodyRoom();
    const accounts = await Promise.all([1, 2, 3, 4, 5].map((accountId) => ask(room, accountId, 10)));
    expect(accounts.map((entered) => entered.length)).toEqual([4, 4, 4, 4, 0]);
    accounts[0]?.[0]?.();
    await settled();
    // The account that left waits for its own turn too, and was first.
    expect(accounts.map((entered) => entered.length)).toEqual([5, 4, 4, 4, 0]);
  });

  it('lets the event loop turn between two large bodies', async () => {
    const room = new BodyRoom();
    let loops = 0;
    let isOver = false;
    const count = () => {
      loops += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const seen = await Promise.all([1, 2, 3].map(() => room.turn(largeBytes).then(() => loops)));
    isOver = true;
    expect(new Set(seen).size).toBe(3);
  });

  it('counts a body of unknown length as large, and lets small ones pass', async () => {
    const room = new BodyRoom();
    await ask(room, 1, 4);
    expect(await room.enter(1, 1000)).toBeTypeOf('function');
    let isIn = false;
    void room.enter(1, Number.NaN).then(() => {
      isIn = true;
    });
    await settled();
    expect(isIn).toBe(false);
  });
});
