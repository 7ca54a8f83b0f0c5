import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { hackageOrder } from './hackage.ts';

versionOrderConformance({
  name: 'hackageOrder',
  order: hackageOrder,
  pieces: ['0', '1', '2', '10', '.', '.0', '.1'],
  invalid: [
    '',
    '1.',
    '.1',
    '1..0',
    '1.01',
    '00',
    '1.0-a',
    '1.0a',
    'v1',
    '1.1234567890',
    '-1',
    ' 1',
    `1${'.1'.repeat(600)}`,
  ],
});

describe('hackageOrder', () => {
  it.each([
    ['1.2', 'less', '1.2.0'],
    ['1.2.0', 'less', '1.2.1'],
    ['1.9', 'less', '1.10'],
    ['2', 'greater', '1.99.99.99'],
    ['0.4.0.1', 'equal', '0.4.0.1'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(hackageOrder.compare(a, b)).toBe(expected);
  });
});
