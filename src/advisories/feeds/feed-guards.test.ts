import { describe, expect, it } from 'vitest';
import { refuseRolledBack, refuseShrunk, refuseUnreadable } from './feed-guards.ts';

describe('refuseShrunk()', () => {
  it.each([
    [100, 69],
    [10, 6],
    [3, 0],
    [1, 0],
  ])('refuses %d → %d records', (held, offered) => {
    expect(() => refuseShrunk({ address: 'm', held, offered })).toThrow(/at least 70 %/);
  });

  it.each([
    [100, 70],
    [100, 500],
    [2, 1],
    [0, 0],
  ])('takes %d → %d records', (held, offered) => {
    expect(() => refuseShrunk({ address: 'm', held, offered })).not.toThrow();
  });
});

describe('refuseRolledBack()', () => {
  const held = new Map([
    ['A', 10],
    ['B', 20],
  ]);

  it('refuses a version whose records went back in time', () => {
    const offered = new Map([
      ['A', 10],
      ['B', 15],
    ]);
    expect(() => refuseRolledBack({ address: 'm', held, offered })).toThrow(/must not be older/);
  });

  it('lets the newest record vanish', () => {
    expect(() => refuseRolledBack({ address: 'm', held, offered: new Map([['A', 10]]) })).not.toThrow();
  });

  it('takes one record that went back while others moved on', () => {
    const offered = new Map([
      ['A', 5],
      ['B', 21],
    ]);
    expect(() => refuseRolledBack({ address: 'm', held, offered })).not.toThrow();
  });
});

describe('refuseUnreadable()', () => {
  it.each([
    [100, 11],
    [3, 3],
  ])('refuses %d records of which %d are bad', (offered, count) => {
    expect(() => refuseUnreadable({ address: 'm', offered, bad: { count, examples: ['"X": why'] } })).toThrow(
      /"X": why/,
    );
  });

  it.each([
    [100, 10],
    [3, 2],
    [3, 0],
  ])('takes %d records of which %d are bad', (offered, count) => {
    expect(() => refuseUnreadable({ address: 'm', offered, bad: { count, examples: [] } })).not.toThrow();
  });
});
