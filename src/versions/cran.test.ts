import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { cranOrder } from './cran.ts';

versionOrderConformance({
  name: 'cranOrder',
  order: cranOrder,
  pieces: ['0', '1', '2', '10', '.', '-', '.0', '-1'],
  invalid: [
    '',
    '1',
    '1.',
    '1.-1',
    '-1.0',
    '1..0',
    '1.0a',
    'v1.0',
    '1.0_1',
    '1.2147483648',
    '1.0 1',
    `1${'.1'.repeat(600)}`,
  ],
});

describe('cranOrder', () => {
  // utils::compareVersion, numeric_version.
  it.each([
    ['1.2', 'less', '1.2.0'],
    ['1.2-3', 'equal', '1.2.3'],
    ['0.01', 'equal', '0.1'],
    ['1.9-1', 'less', '1.10'],
    ['3.98-1.16', 'less', '3.99'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(cranOrder.compare(a, b)).toBe(expected);
  });
});
