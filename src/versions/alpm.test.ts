import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { alpmOrder } from './alpm.ts';

versionOrderConformance({
  name: 'alpmOrder',
  order: alpmOrder,
  pieces: ['0', '1', '2', '10', '01', '.', '-1', '+', '_', 'a', 'b', 'Z', '1:', 'rc', 'r3'],
  invalid: ['', ' ', 'a:1', '1:', '-1', '1.0-', '1-1-1', '1 0', '1%', '.1', '1.', '1..0', '~1', '1\n', 'ä'],
});

describe('alpmOrder', () => {
  // vercmp(8), and the tests of pacman 6 (test/util/vercmptest.sh).
  it.each([
    ['1.0a', 'less', '1.0b'],
    ['1.0b', 'less', '1.0beta'],
    ['1.0beta', 'less', '1.0p'],
    ['1.0p', 'less', '1.0pre'],
    ['1.0pre', 'less', '1.0rc'],
    ['1.0rc', 'less', '1.0'],
    ['1.0', 'less', '1.0.a'],
    ['1.0.a', 'less', '1.0.1'],
    ['1.5.0-1', 'less', '1.5.0-2'],
    ['1.5.0-10', 'greater', '1.5.0-9'],
    ['1.5-1', 'undetermined', '1.5'],
    ['1:1.0', 'greater', '9.9'],
    ['0:1.0', 'equal', '1.0'],
    ['1.5.b', 'greater', '1.5'],
    ['1.0.0', 'equal', '1_0+0'],
    ['5.2.015-1', 'equal', '5.2.15-1'],
    ['20240101.r3.gabc-1', 'greater', '20240101.r2.gfff-9'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(alpmOrder.compare(a, b)).toBe(expected);
  });
});
