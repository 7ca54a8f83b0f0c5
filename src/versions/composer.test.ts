import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { composerOrder } from './composer.ts';

versionOrderConformance({
  name: 'composerOrder',
  order: composerOrder,
  pieces: [
    '0',
    '1',
    '2',
    '10',
    '.',
    '.0',
    '-',
    '-beta',
    'RC1',
    '-dev',
    'p1',
    'a',
    '2010',
    '01',
    '-02',
    '_',
    'v',
    '+x',
  ],
  invalid: [
    '',
    'dev-master',
    'master',
    '1.x-dev',
    '2.0.*',
    '1.0.0-foo',
    '1..0',
    '1.0.0.0.0',
    '1.0-beta.',
    '12345678901234567890',
    '1.0+',
    '1.0@dev',
    '1.0 as 2.0',
    '1.9999999999999999999',
    'ä',
    `1.0-beta${'.1'.repeat(600)}`,
  ],
});

describe('composerOrder', () => {
  it('orders the stabilities', () => {
    const versions = [
      ...['1.0-dev', '1.0-alpha', '1.0-alpha2-dev', '1.0-alpha2', '1.0-beta1', '1.0RC1', '1.0-RC2', '1.0'],
      ...['1.0-p1', '1.0-pl2', '1.0.0.1', '1.0.1', '20100102', '20100102-203040'],
    ];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) {
        expect([version, later, composerOrder.compare(version, later)]).toEqual([version, later, 'less']);
      }
    }
  });

  it.each([
    ['v1.2', 'equal', '1.2.0.0'],
    ['1.0', 'equal', '1.0-stable'],
    ['1.0b2', 'equal', '1.0.0-beta.2'],
    ['1.0patch1', 'equal', '1.0-pl1'],
    ['1.0.0+build', 'equal', '1.0'],
    ['1.0.0.1', 'greater', '1.0'],
    ['1.9', 'less', '1.10'],
    ['2010-01-02', 'equal', '2010:01:02'],
    ['1.0.0-RC1', 'less', '1.0.0'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(composerOrder.compare(a, b)).toBe(expected);
  });
});
