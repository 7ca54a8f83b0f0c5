import { alpmOrder } from '../src/versions/alpm.ts';
import { bitnamiOrder } from '../src/versions/bitnami.ts';
import { composerOrder } from '../src/versions/composer.ts';
import { conanOrder } from '../src/versions/conan.ts';
import { cranOrder } from '../src/versions/cran.ts';
import { debOrder } from '../src/versions/deb.ts';
import { hackageOrder } from '../src/versions/hackage.ts';
import { juliaOrder } from '../src/versions/julia.ts';
import { mavenOrder } from '../src/versions/maven.ts';
import { nugetOrder } from '../src/versions/nuget.ts';
import { pep440Order } from '../src/versions/pep440.ts';
import { pubOrder } from '../src/versions/pub.ts';
import { rubygemsOrder } from '../src/versions/rubygems.ts';
import { semverOrder } from '../src/versions/semver.ts';
import type { VersionOrder } from '../src/versions/version-order.ts';
import {
  alpmOracle,
  composerOracle,
  cranOracle,
  dpkgOracle,
  hackageOracle,
  hexOracle,
  mavenOracle,
  packagingOracle,
  rubygemsOracle,
  type VersionOracle,
} from './version-oracles.ts';
import {
  bitnamiOracle,
  cargoOracle,
  conanOracle,
  goOracle,
  juliaOracle,
  nugetOracle,
  pubOracle,
} from './version-oracles-fetched.ts';

/** An order and the tool that it is held to. */
export interface ExaminedOrder {
  readonly ecosystem: string;
  /**
   * Whose versions are taken, where the shared data has none or few of the ecosystem; which of them look like its own; and every how many-th,
   * as of changed ones: there are a great many, and tools are slow.
   */
  readonly drawn?: { readonly from: readonly string[]; readonly like: RegExp; readonly every?: number };
  readonly order: VersionOrder;
  readonly oracle: VersionOracle;
  /** What versions are changed with, so that every rule is met. */
  readonly pieces: readonly string[];
  /** Where the tool is wrong, or not asked for what it answers. */
  readonly isKnownDifference?: (a: string, b: string) => boolean;
  /** Of changed versions, how many in a thousand may be undetermined although the tool answers: by default none. */
  readonly undeterminedPerThousandMax?: number;
}

/** Ecosystems of the shared data whose versions are semantic ones, and PyPI, which has the most of all kinds. */
const manyVersions = ['npm', 'Go', 'Hex', 'NuGet', 'Bitnami', 'Pub', 'Packagist', 'Maven', 'PyPI'];
const semantic = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const semanticPieces = [
  '-',
  '-0',
  '-rc.1',
  '.0',
  '0',
  '+b.1',
  'a',
  '-alpha',
  '.',
  '10',
  'Z',
  '-beta.2',
  '+9',
];

function isLabelled(version: string): boolean {
  return /^[^+]*-/.test(version);
}

/** Whether one of the three numbers has zeros before it. */
function isPadded(version: string): boolean {
  return /^v?(?:\d+\.){0,2}0\d/.test(version);
}

function coreOf(version: string): string {
  return version.replace(/[-+].*$/s, '');
}

export const examinedOrders: readonly ExaminedOrder[] = [
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
    drawn: { from: ['Azure Linux'], like: /^[\w.+:]+-\d+$/ },
    order: alpmOrder,
    oracle: alpmOracle,
    pieces: ['a', 'rc1', 'r3', 'g1', '_1', '0', '01', '10', 'Z', 'beta', '+b2', '.c'],
    // What begins or ends with a separator, or has two in a row, and a release beside none.
    undeterminedPerThousandMax: 400,
  },
  {
    ecosystem: 'Debian',
    order: debOrder,
    oracle: dpkgOracle,
    // Nothing before the hyphen.
    undeterminedPerThousandMax: 10,
    pieces: ['~', '~rc1', '+b1', '-', '0', '10', '.', 'a', 'Z', '+deb12u1', '-1', '+'],
  },
  {
    ecosystem: 'NuGet',
    drawn: {
      from: manyVersions,
      like: /^\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/,
      every: 5,
    },
    order: nugetOrder,
    oracle: nugetOracle,
    pieces: ['-alpha', '.1', '-RC.1', '+b', '0', 'A', '-', '10', '.0', 'beta.2', 'Z', '-0', '.', '.01'],
    undeterminedPerThousandMax: 10,
  },
  {
    ecosystem: 'CRAN',
    drawn: { from: manyVersions, like: /^\d+(?:[.-]\d+)+$/, every: 5 },
    order: cranOrder,
    oracle: cranOracle,
    pieces: ['.0', '-1', '0', '10', '.', '-', '01', '.9000', 'a'],
  },
  {
    ecosystem: 'Hackage',
    drawn: { from: ['PyPI'], like: /^\d+(?:\.\d+)*$/, every: 5 },
    order: hackageOrder,
    oracle: hackageOracle,
    pieces: ['.0', '.', '0', '10', '-a', '01', '.9'],
  },
  {
    ecosystem: 'ConanCenter',
    drawn: { from: manyVersions, like: /^[A-Za-z0-9.+-]+$/, every: 5 },
    order: conanOrder,
    oracle: conanOracle,
    pieces: ['w', '-rc1', '+1', '.0', '10', '.', 'cci.', '-', '0', '-beta.2', 'a', 'Z'],
    // A number beside a word, which Conan compares as text.
    undeterminedPerThousandMax: 600,
  },
  {
    ecosystem: 'Hex',
    drawn: { from: manyVersions, like: semantic, every: 5 },
    order: semverOrder,
    oracle: hexOracle,
    pieces: semanticPieces,
    undeterminedPerThousandMax: 1,
  },
  {
    ecosystem: 'crates.io',
    drawn: { from: manyVersions, like: semantic, every: 5 },
    order: semverOrder,
    oracle: cargoOracle,
    pieces: semanticPieces,
    undeterminedPerThousandMax: 1,
  },
  {
    ecosystem: 'Bitnami',
    drawn: { from: manyVersions, like: semantic, every: 5 },
    order: bitnamiOrder,
    oracle: bitnamiOracle,
    // To it all that stands behind a hyphen is a later build, release candidates and commits, too; nor does it read zeros before a number.
    isKnownDifference: (a, b) =>
      isPadded(a) || isPadded(b) || (isLabelled(a) !== isLabelled(b) && coreOf(a) === coreOf(b)),
    pieces: semanticPieces,
    undeterminedPerThousandMax: 10,
  },
  {
    ecosystem: 'Pub',
    drawn: { from: manyVersions, like: semantic, every: 5 },
    order: pubOrder,
    oracle: pubOracle,
    pieces: semanticPieces,
    // What Dart takes for a number and Semantic Versioning does not: `-1`.
    undeterminedPerThousandMax: 2,
  },
  {
    ecosystem: 'Julia',
    drawn: { from: manyVersions, like: semantic, every: 5 },
    order: juliaOrder,
    oracle: juliaOracle,
    pieces: semanticPieces,
    // As with Dart.
    undeterminedPerThousandMax: 10,
  },
];
