import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAdvisories, versionsOf } from '../testing/samples/read-advisories.ts';
import { sharedData } from '../testing/shared-data.ts';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { semverOrder } from './semver.ts';

const shared = sharedData();

versionOrderConformance({
  name: 'semverOrder',
  order: semverOrder,
  pieces: ['1.2.3', '1.2.4', '0.0.0', '-', '.', '+', 'alpha', 'beta', '1', '10', '0', 'x', 'v'],
  invalid: [
    '',
    '1',
    '1.0',
    '1.0.0.0',
    '01.0.0',
    '1.0.0-',
    '1.0.0-a..b',
    '1.0.0-01',
    '1.0.0+',
    '1.0.x',
    '*',
    'latest',
  ],
});

describe('semverOrder', () => {
  it('orders the examples of Semantic Versioning 2.0.0 §11', () => {
    const tags = ['alpha', 'alpha.1', 'alpha.beta', 'beta', 'beta.2', 'beta.11', 'rc.1'];
    const versions = [...tags.map((tag) => `1.0.0-${tag}`), '1.0.0', '2.0.0', '2.1.0', '2.1.1', '2.1.10'];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) expect(semverOrder.compare(version, later)).toBe('less');
    }
  });

  it.each([
    ['1.0.0-9', 'less', '1.0.0-10'],
    ['1.0.0-99', 'less', '1.0.0-a'],
    ['1.0.0-B', 'less', '1.0.0-a'],
    ['1.0.0-a-b', 'greater', '1.0.0-a'],
    ['1.0.0+a', 'equal', '1.0.0+b'],
    ['v1.0.0', 'equal', '1.0.0'],
    ['1.0.0-0', 'less', '1.0.0'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(semverOrder.compare(a, b)).toBe(expected);
  });

  it.skipIf(shared === undefined)(
    'reads every version that npm advisories name (skipped without shared data)',
    async () => {
      const versions = versionsOf(await readAdvisories(join(shared ?? '', 'advisories/npm/all.zip')), 'npm');
      expect(versions.length).toBeGreaterThan(800);
      expect(versions.filter((version) => semverOrder.compare(version, version) !== 'equal')).toEqual([]);
    },
  );
});
