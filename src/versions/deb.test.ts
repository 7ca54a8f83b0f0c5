import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askInBatch } from '../testing/ask-in-batch.ts';
import { readAdvisories, versionsOf } from '../testing/samples/read-advisories.ts';
import { type VersionPair, versionPairs } from '../testing/samples/version-pairs.ts';
import { sharedData } from '../testing/shared-data.ts';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { debOrder } from './deb.ts';

const shared = sharedData();

function hasDpkg(): boolean {
  try {
    execFileSync('dpkg', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const crafted = [
  ...[
    '0',
    '1',
    '1.0',
    '1.0~',
    '1.0~~',
    '1.0~~a',
    '1.0~rc1',
    '1.0a',
    '1.0+b1',
    '1.0.',
    '1.00',
    '01.0',
    '1.0-1',
  ],
  ...[
    '1.0-1~bpo11+1',
    '1.0-1+deb11u1',
    '1.0-1.1',
    '1.0-0',
    '1.0-',
    '0:1.0',
    '1:0.1',
    '1:1.0-1',
    '2:0',
    '1.0-a',
  ],
  ...[
    '1.0-1-1',
    '1.0-1-2',
    '20231002143012',
    '20231002143013',
    'a1',
    'a',
    '1a',
    '1A',
    '1+',
    '1~',
    '1.',
    '1-~',
    '1z',
  ],
];

async function dpkgAnswers(pairs: readonly VersionPair[]): Promise<readonly string[]> {
  const command =
    'if dpkg --compare-versions "$a" lt "$b" 2>/dev/null; then echo less; ' +
    'elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo equal; else echo greater; fi';
  return askInBatch({ command, pairs });
}

versionOrderConformance({
  name: 'debOrder',
  order: debOrder,
  pieces: ['0', '1', '2', '10', '01', '.', '-', '~', '+', 'a', 'b', 'Z', ':', 'rc', '+deb11u'],
  invalid: [
    '',
    ' ',
    ':1',
    'a:1',
    '1:',
    '-1',
    '1.0-',
    '1 0',
    '1.0_1',
    '1.0-1_2',
    '-1:1',
    '2147483648:1',
    '1.0\n',
    'ä',
  ],
});

describe('debOrder', () => {
  // Debian Policy 5.6.12; deb-version(7).
  it.each([
    ['1.0~rc1', 'less', '1.0'],
    ['1.0~~', 'less', '1.0~'],
    ['1.0~', 'less', '1.0'],
    ['1.0', 'less', '1.0a'],
    ['1.0a', 'less', '1.0+'],
    ['1.0', 'equal', '1.0-0'],
    ['0:1.0', 'equal', '1.0'],
    ['1:0.1', 'greater', '9.9'],
    ['1.9', 'less', '1.10'],
    ['1.1.1n-0+deb11u3', 'less', '1.1.1n-0+deb11u4'],
    ['1.0-1', 'less', '1.0-1+b1'],
    ['1.0-1~bpo11+1', 'less', '1.0-1'],
    ['20231002143012', 'less', '20231002143013'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(debOrder.compare(a, b)).toBe(expected);
  });

  it.skipIf(!hasDpkg())(
    'agrees with dpkg on every pair of crafted versions (skipped without dpkg)',
    async () => {
      const valid = crafted.filter((version) => debOrder.compare(version, '1') !== 'undetermined');
      const pairs = valid.flatMap((a, index) => valid.slice(index + 1).map((b): VersionPair => [a, b]));
      expect(pairs.length).toBeGreaterThan(500);
      expect(pairs.map(([a, b]) => debOrder.compare(a, b))).toEqual(await dpkgAnswers(pairs));
    },
  );

  it.skipIf(!hasDpkg() || shared === undefined)(
    'agrees with dpkg on the versions of the Debian advisories (skipped without dpkg or shared data)',
    async () => {
      const versions = versionsOf(
        await readAdvisories(join(shared ?? '', 'advisories/Debian/all.zip')),
        'Debian',
      );
      expect(versions.length).toBeGreaterThan(9000);
      const pairs = versionPairs({ order: debOrder, versions, neighboursMax: 600, randomMax: 200 });
      expect(pairs.map(([a, b]) => debOrder.compare(a, b))).toEqual(await dpkgAnswers(pairs));
    },
    60_000,
  );
});
