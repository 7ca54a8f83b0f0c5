import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readAdvisories, versionsOf } from '../testing/samples/read-advisories.ts';
import { type VersionPair, versionPairs } from '../testing/samples/version-pairs.ts';
import { sharedData } from '../testing/shared-data.ts';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { rpmOrder } from './rpm.ts';
import type { Comparison } from './version-order.ts';

const shared = sharedData();

/** Crafted to meet every rule against every other; compared with rpm pairwise. */
const crafted = [
  ...['1', '01', '1.0', '1_0', '1+0', '1.0.', '1..0', '1.a', '1a', '1.0a', '1a1', '1A', '1.b', 'a', 'a1'],
  ...['1~', '1~rc1', '1~~', '1~^', '1^', '1^git1', '1^~', '1^20200101', '1.1^', '1.1~rc1', '1.~', '1.^'],
  ...['0:1', '1:1', '1:0.1', '1-1', '1-1.el8', '1-1.el8_9', '1-1.el9', '1-1~', '1-1^', '1.0-10', '1.0-2'],
  ...['20231002143012', '20231002143013', '2.50', '2.5', '1.0+git', '4294967295:1'],
];

function hasRpm(): boolean {
  try {
    execFileSync('rpm', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] === 'true')
      throw new Error('Cannot test rpmOrder: rpm must be installed when CI=true');
    return false;
  }
}

/** All pairs in one run of rpm, whose Lua has the comparison that rpm itself uses. */
async function rpmAnswers(pairs: readonly VersionPair[]): Promise<readonly Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-rpm-'));
  try {
    writeFileSync(join(folder, 'pairs'), pairs.map(([a, b]) => `${a} ${b}\n`).join(''));
    const script = `%{lua:for line in io.lines("${join(folder, 'pairs')}") do local a, b = line:match("(%S+) (%S+)") print(rpm.vercmp(a, b) .. "\\n") end}`;
    const { stdout } = await promisify(execFile)('rpm', ['--eval', script], { maxBuffer: 2 ** 26 });
    const answers: Readonly<Record<string, Comparison>> = { '-1': 'less', '0': 'equal', '1': 'greater' };
    return stdout.split(/\s+/).flatMap((answer) => answers[answer] ?? []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

versionOrderConformance({
  name: 'rpmOrder',
  order: rpmOrder,
  pieces: ['0', '1', '2', '10', '01', '.', '-', '~', '^', '+', '_', 'a', 'b', 'Z', ':', 'rc', '.el8'],
  invalid: [
    '',
    ' ',
    ':1',
    'a:1',
    '1:',
    '-1',
    '1.0-',
    '1-1-1',
    '1 0',
    '1%',
    '.1',
    '~1',
    '4294967296:1',
    '1\n',
    'ä',
  ],
});

describe('rpmOrder', () => {
  // rpm-version(7).
  it.each([
    ['1.0~rc1', 'less', '1.0'],
    ['1.0', 'less', '1.0^git1'],
    ['1.0^git1', 'less', '1.0.1'],
    ['1.0~rc1^git1', 'less', '1.0'],
    ['1.0a', 'greater', '1.0'],
    ['1.0a', 'less', '1.0.1'],
    ['1.9', 'less', '1.10'],
    ['1.0_1', 'equal', '1.0.1'],
    ['1:0.1', 'greater', '9.9'],
    ['0:1.0-1', 'equal', '1.0-1'],
    ['1.0', 'less', '1.0-1'],
    ['3.0.7-27.el9', 'less', '3.0.7-28.el9_4'],
    ['2.28-236.el8_9.7', 'less', '2.28-236.el8_9.13'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(rpmOrder.compare(a, b)).toBe(expected);
  });

  it.skipIf(!hasRpm())(
    'agrees with rpm on every pair of crafted versions (skipped without rpm)',
    async () => {
      const pairs = crafted.flatMap((a) => crafted.map((b): VersionPair => [a, b]));
      const ours = pairs.map(([a, b]) => [a, b, rpmOrder.compare(a, b)]);
      const answers = await rpmAnswers(pairs);
      expect(ours).toEqual(pairs.map(([a, b], index) => [a, b, answers[index]]));
    },
  );

  it.skipIf(!hasRpm() || shared === undefined)(
    'agrees with rpm on the versions of the AlmaLinux advisories (skipped without rpm or shared data)',
    async () => {
      const zip = join(shared ?? '', 'advisories/AlmaLinux/all.zip');
      const versions = versionsOf(await readAdvisories(zip), 'AlmaLinux');
      expect(versions.length).toBeGreaterThan(9000);
      const pairs = versionPairs({ order: rpmOrder, versions, neighboursMax: 20_000, randomMax: 20_000 });
      expect(pairs.length).toBeGreaterThan(29_000);
      const answers = await rpmAnswers(pairs);
      expect(answers.length).toBe(pairs.length);
      expect(pairs.filter(([a, b], index) => rpmOrder.compare(a, b) !== answers[index])).toEqual([]);
    },
    60_000,
  );
});
