import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApkOracle, openApkOracle } from '../testing/apk-oracle.ts';
import { readAdvisories, versionsOf } from '../testing/samples/read-advisories.ts';
import { type VersionPair, versionPairs } from '../testing/samples/version-pairs.ts';
import { sharedData } from '../testing/shared-data.ts';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { apkOrder } from './apk.ts';

const shared = sharedData();

versionOrderConformance({
  name: 'apkOrder',
  order: apkOrder,
  pieces: ['0', '1', '2', '10', '01', '.', '.0', '_rc', '_p', '_alpha', '_git', 'a', 'b', '-r', '~', 'f'],
  invalid: [
    '',
    'x',
    'v1.0',
    '1.',
    '1..1',
    '1.0_',
    '1.0_foo',
    '1.0-1',
    '1.0-r',
    '1.0bc',
    '1.0~',
    '1.0~xyz',
    '1.0-r1-r2',
    '1 ',
  ],
});

describe('apkOrder', () => {
  it.each([
    ['1.0.2h-r1', 'less', '1.0.2i-r0'],
    ['1.2.8-r2', 'less', '1.2.11-r0'],
    ['1.24.2-r9', 'less', '1.24.2-r14'],
    ['1.1', 'less', '1.1-r0'],
    ['1.1_alpha1', 'less', '1.1_beta1'],
    ['1.1_pre1', 'less', '1.1_rc1'],
    ['1.1_rc1', 'less', '1.1'],
    ['1.1', 'less', '1.1_cvs1'],
    ['1.1_svn1', 'less', '1.1_git1'],
    ['1.1_hg1', 'less', '1.1_p1'],
    ['1.1_p9', 'less', '1.1_p10'],
    ['0.1.0_alpha_pre2', 'less', '0.1.0_alpha'],
    ['1.0.0_pre20191002222144-r0', 'less', '1.0.0_pre20210530193627-r0'],
    ['1.06', 'less', '1.1'],
    ['8.0.0056-r0', 'less', '8.0.0329-r0'],
    ['006', 'equal', '6'],
    ['1.7', 'less', '1.7b'],
    ['6.6.1p1-r0', 'less', '6.6.2p1-r0'],
    ['10.2.15-r0', 'less', '10.2.22.r0'],
    ['1.0', 'less', '1.0~abc123'],
    ['1.0~abc123-r0', 'less', '1.0~abd-r0'],
    // Since apk-tools 3; 2.10 answers the opposite of what it says of 1.1_rc1 and 1.1.
    ['1.0_rc1', 'less', '1.0'],
    // apk-tools 2 and 3 disagree.
    ['1.02', 'undetermined', '1.010'],
    ['1.0', 'undetermined', '1.00'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(apkOrder.compare(a, b)).toBe(expected);
  });
});

// Skipped without the shared data, which the binary comes from.
describe.skipIf(shared === undefined)('apkOrder against apk-tools 2.10.8', () => {
  let oracle: ApkOracle | undefined;

  beforeAll(async () => {
    oracle = await openApkOracle(shared ?? '');
  });
  afterAll(() => oracle?.close());

  /** Left out: what we leave undetermined, and a pre-release of what ends in `.0`, where 2.10 has the bug named above. */
  function isComparable([a, b]: VersionPair): boolean {
    const startsWith = (long: string, short: string) =>
      /\.0+$/.test(short) &&
      long.startsWith(short) &&
      /^_(?:alpha|beta|pre|rc)/.test(long.slice(short.length));
    return apkOrder.compare(a, b) !== 'undetermined' && !startsWith(a, b) && !startsWith(b, a);
  }

  async function expectAgreement(pairs: readonly VersionPair[]): Promise<void> {
    const answers = await oracle?.compare(pairs);
    const differences = pairs.filter(([a, b], index) => apkOrder.compare(a, b) !== answers?.[index]);
    expect(differences).toEqual([]);
  }

  it('agrees on the versions of the Alpine advisories, every one of which it can read', async ({ skip }) => {
    if (oracle === undefined) skip('the binary cannot run here');
    const records = await readAdvisories(join(shared ?? '', 'advisories/Alpine/all.zip'));
    const versions = versionsOf(records, 'Alpine');
    expect(versions.length).toBeGreaterThan(1500);
    expect(versions.filter((version) => apkOrder.compare(version, version) !== 'equal')).toEqual([]);
    const pairs = versionPairs({ order: apkOrder, versions, neighboursMax: 20_000, randomMax: 20_000 });
    const comparable = pairs.filter(isComparable);
    expect(comparable.length).toBeGreaterThan(20_000);
    await expectAgreement(comparable);
  }, 60_000);

  it('agrees on crafted versions', async ({ skip }) => {
    if (oracle === undefined) skip('the binary cannot run here');
    const endings = [
      '',
      'a',
      'b2',
      '_alpha',
      '_rc1',
      '_rc2',
      '_p',
      '_p1',
      '_git20',
      '_p1_rc1',
      '-r0',
      '-r1',
      '_rc1-r1',
      'a_p1-r3',
    ];
    const numbers = ['1', '1.0', '1.1', '1.05', '1.050', '1.10', '1.0.1', '01.1', '1.1.0', '2019100222'];
    const versions = numbers.flatMap((number) => endings.map((ending) => `${number}${ending}`));
    const pairs = versions.flatMap((one) => versions.map((other): VersionPair => [one, other]));
    const comparable = pairs.filter(isComparable);
    expect(comparable.length).toBeGreaterThan(10_000);
    await expectAgreement(comparable);
  }, 60_000);
});
