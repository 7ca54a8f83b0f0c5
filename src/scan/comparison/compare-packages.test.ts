import { describe, expect, test } from 'vitest';
import { comparePackages } from './compare-packages.ts';

const npm = (name: string, ...versions: readonly string[]) =>
  versions.map((version) => ({ ecosystem: 'npm', name, version }));

describe('comparePackages()', () => {
  test.each([
    ['added', [], ['1.0.0']],
    ['removed', ['1.0.0'], []],
    ['upgraded', ['1.9.0'], ['1.10.0']],
    ['downgraded', ['2.0.0'], ['1.10.0']],
    ['changed', ['not a version'], ['1.0.0']],
    // By the newest of several; what both hold is left out.
    ['upgraded', ['1.0.0', '1.9.0'], ['1.10.0', '1.0.0']],
    ['added', ['1.0.0'], ['1.0.0', '2.0.0']],
  ])('says %s from %j to %j', (change, before, after) => {
    const { differences } = comparePackages({ before: npm('a', ...before), after: npm('a', ...after) });
    expect(differences.map((one) => one.change)).toEqual([change]);
    expect(differences[0]?.after).toEqual(after.filter((version) => !before.includes(version)));
  });

  test('tells ecosystems apart and counts what is the same', () => {
    const before = [...npm('same', '1.0.0', '2.0.0'), { ecosystem: 'PyPI', name: 'a', version: '1' }];
    const after = [...npm('same', '2.0.0', '1.0.0'), ...npm('a', '1.0.0')];
    expect(comparePackages({ before, after })).toMatchObject({
      unchanged: 1,
      differences: [
        { ecosystem: 'PyPI', change: 'removed' },
        { ecosystem: 'npm', change: 'added' },
      ],
    });
  });
});
