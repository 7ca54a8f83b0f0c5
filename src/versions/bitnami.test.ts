import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { bitnamiOrder } from './bitnami.ts';

versionOrderConformance({
  name: 'bitnamiOrder',
  order: bitnamiOrder,
  pieces: ['1.02.3', '1.2.3', '1.2.4', '-0', '-1', '-10', '.1', '-rc1', '-', '+b', '0', '1'],
  invalid: ['', ' ', '1.2', '1.2.3-01', 'nightly.2026-03-10.0', '1.2.3.4', 'ä', '1.2.3 -1'],
});

describe('bitnamiOrder', () => {
  it.each([
    ['1.2.3', 'less', '1.2.4'],
    ['1.2.3-7', 'less', '1.2.4'],
    ['1.2.3-7', 'less', '1.2.4-0'],
    ['1.2.3-2', 'less', '1.2.3-10'],
    ['1.2.3+b', 'equal', '1.2.3'],
    // Builds are numbered from 0, and every image has one.
    ['1.21.0-0', 'less', '1.21.0'],
    // BIT-drupal-2025-41240: fixed in `11.2.2-1`, which `11.2.2-0` is not.
    ['11.2.2-1', 'undetermined', '11.2.2'],
    ['9.0.35-3.57.3', 'undetermined', '9.0.35'],
    ['2.6.0-rc1', 'less', '2.6.0'],
    // BIT-minio-…: affected until `2022.11.08`.
    ['2022.11.8', 'equal', '2022.11.08'],
    ['2022.07.24', 'less', '2022.7.29'],
    ['2026.03.17', 'greater', '2024.12.18'],
    ['v2020.04.00', 'equal', '2020.4.0'],
    ['2020.04.23-2', 'undetermined', '2020.4.23'],
    ['0.0.0-20251119140106-9dbdfc3f1be0', 'less', '0.0.0'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(bitnamiOrder.compare(a, b)).toBe(expected);
  });
});
