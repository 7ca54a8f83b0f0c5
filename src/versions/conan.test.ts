import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { conanOrder } from './conan.ts';

versionOrderConformance({
  name: 'conanOrder',
  order: conanOrder,
  pieces: ['0', '1', '2', '10', '.', '-', '+', '.0', 'a', 'w', '_', 'rc', 'cci'],
  invalid: ['', ' ', '1 2', '1_0', '1:2', '~1', 'ä', '1\n'],
});

describe('conanOrder', () => {
  // conan/test/unittests/model/version/test_version_comparison.py
  it.each([
    ['1.9', 'less', '1.10'],
    ['1.0', 'equal', '1.0.0'],
    ['1.2', 'less', '1.2.1'],
    ['1.1.1', 'undetermined', '1.1.1w'],
    ['1.1.1a', 'less', '1.1.1w'],
    ['1.0.0-rc1', 'less', '1.0.0'],
    ['1.0.0-alpha', 'less', '1.0.0-beta'],
    ['1.0.0-rc.2', 'less', '1.0.0-rc.10'],
    ['1.0.0', 'less', '1.0.0+1'],
    ['1.0.0+1', 'less', '1.0.0+2'],
    ['1.0.0-rc1+9', 'less', '1.0.0'],
    ['cci.20200203', 'less', 'cci.20210118'],
    ['10', 'undetermined', '2a'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(conanOrder.compare(a, b)).toBe(expected);
  });
});
