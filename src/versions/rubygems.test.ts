import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { rubygemsOrder } from './rubygems.ts';

versionOrderConformance({
  name: 'rubygemsOrder',
  order: rubygemsOrder,
  pieces: ['0', '1', '2', '10', '.', '.0', 'a', '.rc', '.pre', 'Z', '-', '-1', 'b2'],
  invalid: [
    '',
    ' ',
    'v2.0.2',
    'a',
    '1.',
    '1..0',
    '.1',
    '1.0-',
    '1.0_1',
    '1.0+1',
    '1.15.4-x86_64-linux',
    '1.0a!',
    '1a',
    '1 0',
    '1\n2',
    'ä',
    `1.${'0'.repeat(1000)}`,
  ],
});

describe('rubygemsOrder', () => {
  // The documentation of Gem::Version.
  it.each([
    ['1.0.a.2', 'less', '1.0'],
    ['1.0.b1', 'less', '1.0'],
    ['1.0.a.2', 'less', '1.0.b1'],
    ['0.9', 'less', '1.0.a.2'],
    ['1.9', 'less', '1.10'],
    ['1', 'equal', '1.0.0'],
    ['1.0.a', 'equal', '1.a'],
    ['1.a.0', 'equal', '1.a'],
    ['1.0.0-beta', 'equal', '1.pre.beta'],
    ['1.0.a10', 'greater', '1.0.a9'],
    ['1.0.B', 'less', '1.0.a'],
    ['5.3.beta1', 'less', '5.3'],
    ['3.0.0.rc1', 'greater', '3.0.0.beta2'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(rubygemsOrder.compare(a, b)).toBe(expected);
  });
});
