import { join } from 'node:path';
import fc from 'fast-check';
import { compare, parse } from 'semver';
import { describe, expect, it } from 'vitest';
import { readAdvisories, versionsOf } from '../testing/read-advisories.ts';
import { sharedData } from '../testing/shared-data.ts';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { semverOrder } from './semver.ts';
import type { Comparison } from './version-order.ts';

const shared = sharedData();
const answers: Readonly<Record<string, Comparison>> = { '-1': 'less', '0': 'equal', '1': 'greater' };

/** What npm's own library says: undetermined when it does not read one of the two. */
function npmAnswer(a: string, b: string): Comparison | undefined {
  return parse(a) === null || parse(b) === null ? 'undetermined' : answers[compare(a, b)];
}

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
  it('orders the example of Semantic Versioning 2.0.0 §11.4', () => {
    const ascending = ['alpha', 'alpha.1', 'alpha.beta', 'beta', 'beta.2', 'beta.11', 'rc.1'];
    const versions = [...ascending.map((tag) => `1.0.0-${tag}`), '1.0.0', '2.0.0', '2.1.0', '2.1.1'];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) expect(semverOrder.compare(version, later)).toBe('less');
    }
  });

  it('ignores build metadata (§10) and a leading v', () => {
    expect(semverOrder.compare('1.0.0+a', '1.0.0+b')).toBe('equal');
    expect(semverOrder.compare('v1.0.0', '1.0.0')).toBe('equal');
  });

  it('agrees with the semver package on made-up versions', () => {
    const number = fc.oneof(fc.nat(12).map(String), fc.constantFrom('00', '01', '9007199254740991'));
    const tag = fc.constantFrom(
      '',
      '-0',
      '-1',
      '-a',
      '-a.1',
      '-a.b',
      '-1.a',
      '-rc.10',
      '-rc.9',
      '-',
      '-01',
      '-a-b',
    );
    const build = fc.constantFrom('', '+1', '+a.b', '+');
    const version = fc
      .tuple(number, number, number, tag, build)
      .map(([a, b, c, d, e]) => `${a}.${b}.${c}${d}${e}`);
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(semverOrder.compare(a, b)).toBe(npmAnswer(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  it.skipIf(shared === undefined)(
    'agrees with the semver package on the versions of the npm advisories (skipped without shared data)',
    async () => {
      const versions = versionsOf(await readAdvisories(join(shared ?? '', 'advisories/npm/all.zip')), 'npm');
      expect(versions.length).toBeGreaterThan(800);
      for (const [index, a] of versions.entries()) {
        for (const b of versions.slice(index, index + 20)) {
          expect([a, b, semverOrder.compare(a, b)]).toEqual([a, b, npmAnswer(a, b)]);
        }
      }
    },
  );
});
