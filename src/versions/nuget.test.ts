import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { nugetOrder } from './nuget.ts';
import { semverOrder } from './semver.ts';

versionOrderConformance({
  name: 'nugetOrder',
  order: nugetOrder,
  pieces: ['1', '2', '0', '1.2.3', '.', '.0', '-', 'alpha', 'Beta', '-rc', '+', '10', 'x'],
  invalid: [
    '',
    ' ',
    'v1.0.0',
    '1.',
    '1..0',
    '1.0.0.0.0',
    '1.0-',
    '1.0-a..b',
    '1.0.0-01',
    '1.0.0+',
    '1.0.0-a_b',
    '1.*',
    '[1.0,2.0)',
    '2147483648.0',
    // The library and its documentation disagree.
    '1.0.0-2147483648',
    '1.0.0--1',
    '1.0 0',
    'ä',
    `1.0-${'a'.repeat(1000)}`,
  ],
});

describe('nugetOrder', () => {
  // https://learn.microsoft.com/nuget/concepts/package-versioning
  it('orders the examples of the documentation', () => {
    const tags = ['alpha', 'alpha.2', 'alpha.10', 'alpha2', 'beta', 'open', 'rc', 'zzz'];
    const versions = [...tags.map((tag) => `1.0.1-${tag}`), '1.0.1', '1.0.1.1', '1.0.2'];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) expect(nugetOrder.compare(version, later)).toBe('less');
    }
  });

  it.each([
    ['1', 'equal', '1.0.0.0'],
    ['1.00', 'equal', '1.0'],
    ['1.01.1', 'equal', '1.1.1'],
    ['1.0.0-RC', 'equal', '1.0.0-rc'],
    ['1.0.0-B', 'greater', '1.0.0-a'],
    ['1.0.7+r3456', 'equal', '1.0.7'],
    ['1.0.0.0-a', 'less', '1.0.0'],
    ['7.0.0-preview.1.22076.8', 'less', '7.0.0'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(nugetOrder.compare(a, b)).toBe(expected);
  });

  it('agrees with the order of semantic versions on those in lower case', () => {
    const identifier = fc.constantFrom('0', '1', '10', '9', 'a', 'ab', 'a-', 'rc1', '0a');
    const version = fc
      .tuple(fc.array(fc.nat(11), { minLength: 3, maxLength: 3 }), fc.array(identifier, { maxLength: 3 }))
      .map(([numbers, labels]) => `${numbers.join('.')}${labels.length === 0 ? '' : `-${labels.join('.')}`}`);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(nugetOrder.compare(a, b)).toBe(semverOrder.compare(a, b));
      }),
      { numRuns: 2000 },
    );
  });
});
