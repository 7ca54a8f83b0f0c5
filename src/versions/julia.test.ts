import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { juliaOrder } from './julia.ts';

versionOrderConformance({
  name: 'juliaOrder',
  order: juliaOrder,
  pieces: ['0', '1', '2', '10', '.', '-', '+', 'a', 'rc', 'v'],
  invalid: ['', 'v', '1.2.3.4', '1.2.3 4', '1..2', 'x1', '1.2.3+', '1.2.3_1', '1\n'],
});

describe('juliaOrder', () => {
  // Julia, base/version.jl and test/version.jl.
  it.each([
    ['1.9.0', 'less', '1.10.0'],
    ['1.0.0-rc1', 'less', '1.0.0'],
    ['1.0.0-1', 'less', '1.0.0-a'],
    ['1.0.0', 'less', '1.0.0+1'],
    ['2.9.12+1', 'less', '2.9.12+2'],
    ['2.9.12+9', 'less', '2.9.12+10'],
    ['1.0.0-rc1+9', 'less', '1.0.0'],
    ['v1.2', 'equal', '1.2.0'],
    ['1', 'equal', '1.0.0'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(juliaOrder.compare(a, b)).toBe(expected);
  });
});
