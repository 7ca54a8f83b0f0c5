import fc from 'fast-check';
import { compareBuild } from 'semver';
import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { pubOrder } from './pub.ts';

versionOrderConformance({
  name: 'pubOrder',
  order: pubOrder,
  pieces: ['1.2.3', '1.2.4', '0.0.0', '-', '.', '+', 'alpha', 'beta', '1', '10', '0', 'x'],
  invalid: [
    '',
    '1',
    '1.0',
    '1.0.0.0',
    'v1.0.0',
    '1.0.0-',
    '1.0.0-a..b',
    '1.0.0+',
    '1.0.x',
    'any',
    '^1.0.0',
    ' 1.0.0',
    '1.0.0-0x1f',
    '1.0.0--1',
    '9999999999999999999.0.0',
    `1.0.0-${'a'.repeat(1000)}`,
  ],
});

describe('pubOrder', () => {
  // The tests of pub_semver ("comparison").
  it('orders the examples of pub_semver', () => {
    const versions = [
      ...[
        '1.0.0-alpha',
        '1.0.0-alpha.1',
        '1.0.0-beta.2',
        '1.0.0-beta.11',
        '1.0.0-rc.1',
        '1.0.0-rc.1+build.1',
      ],
      ...['1.0.0', '1.0.0+0.3.7', '1.3.7+build', '1.3.7+build.2.b8f12d7', '1.3.7+build.11.e0f985a', '2.0.0'],
      ...['2.1.0', '2.2.0', '2.11.0', '2.11.1'],
    ];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) {
        expect([version, later, pubOrder.compare(version, later)]).toEqual([version, later, 'less']);
      }
    }
  });

  it('reads past zeros before a number', () => {
    expect(pubOrder.compare('01.2.3', '1.02.03')).toBe('equal');
    expect(pubOrder.compare('1.2.3-01', '1.2.3-1')).toBe('equal');
  });

  it('agrees with npm where that counts builds too', () => {
    const identifier = fc.constantFrom('0', '1', '10', '9', 'a', 'ab', 'a-', 'rc1', '0a', 'B');
    const identifiers = fc.array(identifier, { maxLength: 3 });
    const version = fc
      .tuple(fc.array(fc.nat(11), { minLength: 3, maxLength: 3 }), identifiers, identifiers)
      .map(([numbers, tags, build]) =>
        [numbers, tags, build]
          .map((parts, index) => (parts.length === 0 ? '' : `${['', '-', '+'][index]}${parts.join('.')}`))
          .join(''),
      );
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(pubOrder.compare(a, b)).toBe(
          { '-1': 'less', '0': 'equal', '1': 'greater' }[compareBuild(a, b)],
        );
      }),
      { numRuns: 2000 },
    );
  });
});
