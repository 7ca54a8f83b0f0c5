import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAdvisories, versionsOf } from '../src/testing/samples/read-advisories.ts';
import { type VersionPair, versionPairs } from '../src/testing/samples/version-pairs.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { alpmOrder } from '../src/versions/alpm.ts';
import { composerOrder } from '../src/versions/composer.ts';
import { mavenOrder } from '../src/versions/maven.ts';
import { pep440Order } from '../src/versions/pep440.ts';
import { rubygemsOrder } from '../src/versions/rubygems.ts';
import { semverOrder } from '../src/versions/semver.ts';
import type { VersionOrder } from '../src/versions/version-order.ts';
import {
  alpmOracle,
  composerOracle,
  goOracle,
  mavenOracle,
  packagingOracle,
  rubygemsOracle,
  type VersionOracle,
} from './version-oracles.ts';

const shared = sharedData();

interface Examined {
  readonly ecosystem: string;
  /** Whose versions are taken, and which of them look like its own, where the shared data has none of the ecosystem. */
  readonly drawn?: { readonly from: string; readonly like: RegExp };
  readonly order: VersionOrder;
  readonly oracle: VersionOracle;
  /** What versions are changed with, so that every rule is met. */
  readonly pieces: readonly string[];
  /** Of changed versions, how many in a thousand may be undetermined although the tool answers: by default none. */
  readonly undeterminedPerThousandMax?: number;
}

const examined: readonly Examined[] = [
  {
    ecosystem: 'PyPI',
    order: pep440Order,
    oracle: packagingOracle,
    pieces: [
      'a',
      'b1',
      'rc',
      '.dev',
      '.dev3',
      '.post',
      '-1',
      'r2',
      'c',
      '!',
      '0',
      '.0',
      '+cu1',
      'v',
      '-',
      '_',
      'pre',
    ],
  },
  {
    ecosystem: 'RubyGems',
    order: rubygemsOrder,
    oracle: rubygemsOracle,
    pieces: ['a', 'rc', '.rc', '.pre', '-', '.0', '0', 'Z', 'z1', '.', '-1', '.rc.0', '10'],
  },
  {
    ecosystem: 'Packagist',
    order: composerOrder,
    oracle: composerOracle,
    pieces: [
      '-beta',
      'b1',
      'RC',
      '-dev',
      '.0',
      'p1',
      '-patch.2',
      'alpha',
      '-',
      '_',
      'v',
      '+x',
      '.',
      '2010',
      '-stable',
    ],
  },
  {
    ecosystem: 'Maven',
    order: mavenOrder,
    oracle: mavenOracle,
    pieces: [
      '-alpha',
      '.Final',
      '-rc1',
      'a',
      'm1',
      '-SNAPSHOT',
      '.sp',
      '-jre',
      '.0',
      '-0',
      '0',
      '.',
      '-',
      'x',
      'ga',
      '_',
      '1',
    ],
    // Where Maven contradicts itself, and what has no digit.
    undeterminedPerThousandMax: 10,
  },
  {
    ecosystem: 'Go',
    order: semverOrder,
    oracle: goOracle,
    pieces: [
      '-',
      '-0',
      '-rc.1',
      '.0',
      '0',
      '+incompatible',
      'a',
      '-alpha',
      '.',
      '10',
      '-20220412211240-33da011f77ad',
      'v',
    ],
    // Numbers above 2^53, which npm's library does not read.
    undeterminedPerThousandMax: 1,
  },
  {
    ecosystem: 'Arch Linux',
    drawn: { from: 'Azure Linux', like: /^[\w.+:]+-\d+$/ },
    order: alpmOrder,
    oracle: alpmOracle,
    pieces: ['a', 'rc1', 'r3', 'g1', '_1', '0', '01', '10', 'Z', 'beta', '+b2', '.c'],
    // What begins or ends with a separator, or has two in a row, and a release beside none.
    undeterminedPerThousandMax: 400,
  },
];

/** Two versions of the advisories, each changed at some places, or one and its changed self. */
function changedPairs(versions: readonly string[], pieces: readonly string[], count: number): VersionPair[] {
  const change = fc.record({
    at: fc.nat(40),
    drop: fc.nat(2),
    piece: fc.constantFrom('', ...pieces),
  });
  const changed = fc
    .tuple(fc.constantFrom(...versions), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(
      ([version, changes]): VersionPair => [
        version,
        changes.reduce((text, { at, drop, piece }) => {
          const start = at % (text.length + 1);
          return `${text.slice(0, start)}${piece}${text.slice(start + drop)}`;
        }, version),
      ],
    );
  const pair = fc
    .tuple(changed, changed, fc.boolean())
    .map(
      ([[a, changedA], [, changedB], isSelf]): VersionPair => (isSelf ? [a, changedA] : [changedA, changedB]),
    );
  return fc.sample(pair, { numRuns: count, seed: 2 }).filter((two) => two.every((text) => text !== ''));
}

// Skipped where the tool is not installed (.ci/run installs all of them), or the shared data is missing.
describe.each(examined)('the order of $ecosystem beside its own tool', (one) => {
  const { ecosystem, order, oracle, pieces, undeterminedPerThousandMax = 0 } = one;
  const { from, like } = one.drawn ?? { from: ecosystem, like: /^\S*$/ };
  const isSkipped = !oracle.isInstalled || shared === undefined;
  if (isSkipped && process.env['CI'] === 'true') {
    throw new Error(`Cannot examine the order of ${ecosystem}: its tool must be installed when CI=true`);
  }
  let versions: readonly string[] = [];

  beforeAll(async () => {
    if (isSkipped) return;
    const records = await readAdvisories(join(shared ?? '', `advisories/${from}/all.zip`));
    versions = versionsOf(records, from).filter((version) => like.test(version));
  });

  it.skipIf(isSkipped)('reads those versions of the advisories that it reads', async () => {
    expect(versions.length).toBeGreaterThan(1000);
    const answers = await oracle.compare(versions.map((version): VersionPair => [version, version]));
    const differing = versions.filter(
      (version, index) =>
        (order.compare(version, version) === 'undetermined') !== (answers[index] === 'invalid'),
    );
    expect(differing).toEqual([]);
  });

  it.skipIf(isSkipped)('agrees with it on versions of the advisories, and always answers', async () => {
    const read = versions.filter((version) => order.compare(version, version) === 'equal');
    const pairs = versionPairs({ order, versions: read, neighboursMax: 20_000, randomMax: 10_000 });
    const answers = await oracle.compare(pairs);
    const compared = pairs.map(([a, b], index) => [a, b, order.compare(a, b), answers[index]]);
    expect(compared.filter(([, , ours, theirs]) => ours !== theirs)).toEqual([]);
  });

  it.skipIf(isSkipped)('agrees with it on versions that are nearly right', async () => {
    const pairs = changedPairs(versions, pieces, 20_000);
    const answers = await oracle.compare(pairs);
    const compared = pairs.map(([a, b], index) => [a, b, order.compare(a, b), answers[index]]);
    const wrong = compared.filter(([, , ours, theirs]) => ours !== 'undetermined' && ours !== theirs);
    expect(wrong).toEqual([]);
    const unanswered = compared.filter(
      ([, , ours, theirs]) => ours === 'undetermined' && theirs !== 'invalid',
    );
    expect(unanswered.length).toBeLessThanOrEqual((pairs.length * undeterminedPerThousandMax) / 1000);
  });
});
