import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { pep440Order } from './pep440.ts';

versionOrderConformance({
  name: 'pep440Order',
  order: pep440Order,
  pieces: [
    '0',
    '1',
    '2',
    '10',
    '.',
    '.0',
    'a',
    'b1',
    'rc',
    '.dev',
    '.dev2',
    '.post',
    '-1',
    '!',
    '+l',
    'v',
    '_',
  ],
  invalid: [
    '',
    'x',
    '1.0x',
    '1..0',
    '1.0.',
    '1!',
    '!1',
    '1!2!3',
    '1.0+',
    '1.0+a..b',
    '1.0dev1a1',
    '1.0.post1.rc1',
    '1.0a1b1',
    '2.6.0-NA',
    '2024-09-19',
    'trunk',
    '1.0 1',
    '1.0ä',
    '1.0\0',
    `1.${'0'.repeat(1000)}`,
  ],
});

describe('pep440Order', () => {
  it('orders the examples of the specification ("Summary of permitted suffixes and relative ordering")', () => {
    const versions = [
      ...[
        '1.dev0',
        '1.0.dev456',
        '1.0a1',
        '1.0a2.dev456',
        '1.0a12.dev456',
        '1.0a12',
        '1.0b1.dev456',
        '1.0b2',
      ],
      ...['1.0b2.post345.dev456', '1.0b2.post345', '1.0rc1.dev456', '1.0rc1', '1.0', '1.0.post456.dev34'],
      ...['1.0.post456', '1.0.15', '1.1.dev1', '1!0.1'],
    ];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) {
        expect([version, later, pep440Order.compare(version, later)]).toEqual([version, later, 'less']);
      }
    }
  });

  it.each([
    ['1.0', 'equal', '1.0.0'],
    ['v1.0', 'equal', '1'],
    ['0!1', 'equal', '1'],
    ['1.0RC1', 'equal', '1.0-c.1'],
    ['1.0alpha', 'equal', '1.0a0'],
    ['1.0preview2', 'equal', '1.0_pre2'],
    ['1.0-1', 'equal', '1.0.post1'],
    ['1.0rev4', 'equal', '1.0-r4'],
    ['01.002', 'equal', '1.2'],
    ['20231002143012', 'less', '20231002143013'],
    // The local build of a version is that version (torch).
    ['2.6.0+cu124', 'equal', '2.6.0'],
    ['2.6.0+cu124', 'less', '2.6.1'],
    ['1.0+ubuntu-1', 'equal', '1.0+ubuntu.2'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(pep440Order.compare(a, b)).toBe(expected);
  });
});
