import { describe, expect, it } from 'vitest';
import { refuseRolledBack, refuseShrunk, refuseUnreadable } from './feed-guards.ts';

describe('refuseShrunk() (threats.md F21)', () => {
  it.each([
    [100, 69],
    [10, 6],
    [5, 1],
    [3, 0],
    [1, 0],
  ])('refuses %d → %d records', (held, offered) => {
    const refused = expect(() => refuseShrunk({ address: 'm', held, offered }));
    refused.toThrow(/at least 70 %.*"pratique advisories sync --force"/);
  });

  it.each([
    [100, 70],
    [10, 7],
    [9, 6],
    [4, 1],
    [3, 2],
    [2, 1],
    [100, 500],
    [0, 0],
  ])('takes %d → %d records', (held, offered) => {
    expect(() => refuseShrunk({ address: 'm', held, offered })).not.toThrow();
  });
});

describe('refuseRolledBack() (threats.md F22)', () => {
  const held = new Map([
    ['A', 10],
    ['B', 20],
  ]);
  const now = new Date(1_000);
  const judged = (...offered: readonly (readonly [string, number])[]) =>
    expect(() => refuseRolledBack({ address: 'm', held, offered: new Map(offered), now }));

  it.each([
    [
      'all',
      [
        ['A', 9],
        ['B', 15],
      ],
    ],
    ['one, and another is missing', [['B', 15]]],
  ] as const)('refuses a version whose records went back in time: %s', (_condition, offered) => {
    judged(...offered).toThrow(/must not be older.*"pratique advisories sync --force"/);
  });

  it('lets the newest of a few records be dated back', () => {
    judged(['A', 10], ['B', 15]).not.toThrow();
  });

  it('refuses a few records of which all but one of the future went back', () => {
    const version = (at: number) =>
      new Map([
        ['A', at],
        ['X', 2_000],
      ]);
    const all = { address: 'm', held: version(10), offered: version(5), now };
    expect(() => refuseRolledBack(all)).toThrow(/must not be older/);
  });

  it.each([
    [9, 3, false],
    [9, 4, true],
    [10, 1, true],
  ])('of %d records, the newest %d dated back: refused %s', (count, back, isRefused) => {
    const instants = Array.from({ length: count }, (_, index) => index + 11);
    const version = (behind: number) =>
      new Map(instants.map((at) => [`R${at}`, at > count + 10 - behind ? at - 10 : at]));
    const judge = () => refuseRolledBack({ address: 'm', held: version(0), offered: version(back), now });
    if (isRefused) expect(judge).toThrow(/must not be older/);
    else expect(judge).not.toThrow();
  });

  it('lets the newest record vanish', () => {
    judged(['A', 10]).not.toThrow();
  });

  it('takes one record that went back while others moved on', () => {
    judged(['A', 5], ['B', 21]).not.toThrow();
  });

  /** Ten records of the instants 1–10 and, in every version, some that are dated far from them. */
  const tenFrom = (firstMs: number, ...others: readonly (readonly [string, number])[]) =>
    new Map([
      ...Array.from({ length: 10 }, (_, index) => [`R${index}`, firstMs + index] as const),
      ...others,
    ]);

  it.each([
    ['is to come', 2_000],
    ['has come since', 900],
  ])('refuses a version that went back behind a record whose date %s', (_condition, at) => {
    const offered = tenFrom(1, ['X', at]);
    const all = { address: 'm', held: tenFrom(11, ['X', at]), offered, now };
    expect(() => refuseRolledBack(all)).toThrow(/must not be older/);
  });

  it('refuses one of which a single record went back behind a record of the future', () => {
    const [of, offered] = [tenFrom(1, ['X', 2_000]), tenFrom(1, ['X', 2_000], ['R9', 9])];
    expect(() => refuseRolledBack({ address: 'm', held: of, offered, now })).toThrow(/must not be older/);
  });

  it.each([
    ['stays', tenFrom(2, ['X', 2_000])],
    ['is corrected', tenFrom(2, ['X', 12])],
    ['is corrected and nothing else is new', tenFrom(1, ['X', 5])],
    ['vanishes', tenFrom(2)],
  ])('takes the usual update when a record of the future %s', (_condition, offered) => {
    const all = { address: 'm', held: tenFrom(1, ['X', 2_000]), offered, now };
    expect(() => refuseRolledBack(all)).not.toThrow();
  });

  it('takes new records beside a few that were corrected', () => {
    const offered = tenFrom(11, ['R0', 5], ['R1', 5], ['R2', 5], ['new', 30]);
    expect(() => refuseRolledBack({ address: 'm', held: tenFrom(11), offered, now })).not.toThrow();
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
