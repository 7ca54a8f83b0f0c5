import { describe, expect, it } from 'vitest';
import type { FeedKnowledge } from '../../advisories/feed-doubts.ts';
import type { FeedStatus } from '../../advisories/feed-status.ts';
import { isDistributionEcosystem } from '../../advisories/osv/distribution-ecosystems.ts';
import { buildInventory } from '../../inspection/inventory/build-inventory.ts';
import { knownDistributions } from '../../inspection/inventory/os/families.ts';
import { isRenamed } from '../../inspection/inventory/os/support-doubts.ts';
import type { Distribution } from '../../report/distribution.ts';
import { orderOf } from '../../versions/order-of.ts';
import { imageDoubts, versionDoubts } from './image-doubts.ts';

const now = new Date('2026-08-22T00:00:00Z');
const names: Readonly<Record<string, readonly [versionId: string, prettyName: string]>> = {
  alpaquita: ['stream', 'BellSoft Alpaquita Linux Stream'],
  alpine: ['3.22.1', 'Alpine Linux v3.22'],
  ubuntu: ['24.04', 'Ubuntu 24.04 LTS'],
  fedora: ['43', 'Fedora Linux 43'],
  amzn: ['2023', 'Amazon Linux 2023'],
  debian: ['13', 'Debian GNU/Linux 13 (trixie)'],
  openeuler: ['24.03', 'openEuler 24.03 (LTS-SP1)'],
  sles: ['15.7', 'SUSE Linux Enterprise Server 15 SP7'],
};

/** What is doubted of an image of the distribution in which nothing else is wrong. */
function doubtsOf(id: string, known: FeedKnowledge) {
  const [versionId, prettyName] = names[id] ?? ['9', `${id} 9`];
  const found = [{ kind: 'release', source: 'os-release', id, versionId, prettyName }] as const;
  const files = [{ path: 'etc/os-release', layerIndex: 0, found }];
  const { distribution, doubts } = buildInventory({ view: { files, executableCount: 0 }, layers: [], now });
  const all = imageDoubts({
    own: doubts,
    distribution,
    ecosystems: [distribution?.ecosystem ?? 'rpm'],
    newestAt: undefined,
    packages: [],
    knowledge: known,
    now,
    feedAgeMaxDays: 5,
  });
  return { distribution, codes: all.map(({ code }) => code) };
}

const feedOf = (name: string): FeedStatus => ({
  name,
  recordCount: 2_000,
  skippedCount: 0,
  version: 1,
  matchedVersion: 1,
  failures: 0,
  isUnreachable: false,
  lastSuccessAt: now,
});
const npmOnly: FeedKnowledge = { feeds: [feedOf('npm')], coverage: [] };

describe('imageDoubts()', () => {
  it.each(knownDistributions)('of %s say that there is no data for it where no feed has any', (id) => {
    const { distribution, codes } = doubtsOf(id, npmOnly);
    const { ecosystem } = distribution ?? {};
    if (ecosystem === undefined) return expect(codes).toEqual(['unsupported-distribution']);
    expect(codes).toContain('feed-missing');
    expect(isDistributionEcosystem(ecosystem)).toBe(true);
    expect(orderOf(ecosystem)).toBeDefined();
    // A feed that knows other releases only, or but a handful of advisories.
    const feeds = [feedOf('npm'), feedOf(ecosystem)];
    const other = { ecosystem, release: 'another', recordCount: 2_000, dataEndAt: now };
    const few = { ecosystem, release: distribution?.release ?? '', recordCount: 3, dataEndAt: now };
    expect(doubtsOf(id, { feeds, coverage: [other] }).codes).toContain('no-data-for-release');
    expect(doubtsOf(id, { feeds, coverage: [few] }).codes).toContain('no-data-for-release');
    const covered = { feeds, coverage: [{ ...few, recordCount: 2_000 }] };
    expect(doubtsOf(id, covered).codes).toEqual([]);
  });

  describe('of an image that was scanned before', () => {
    const stored = (change: Partial<Distribution>): Distribution => ({
      id: 'alpine',
      versionId: '3.22.1',
      prettyName: 'Alpine Linux v3.22',
      ecosystem: 'Alpine',
      release: 'v3.22',
      ...change,
    });
    const doubtsAt = (distribution: Distribution, at: Date) =>
      imageDoubts({
        // As older versions stored them.
        own: [
          { code: 'unsupported-distribution', message: 'then' },
          { code: 'end-of-life', message: 'then' },
          { code: 'unreadable-file', message: 'still' },
        ],
        distribution,
        ecosystems: [],
        newestAt: undefined,
        packages: [],
        knowledge: {
          feeds: [{ ...feedOf('Alpine'), lastSuccessAt: at }],
          coverage: [{ ecosystem: 'Alpine', release: 'v3.22', recordCount: 2_000, dataEndAt: at }],
        },
        now: at,
        feedAgeMaxDays: 5,
      });
    const messagesAt = (distribution: Distribution, at: Date) =>
      doubtsAt(distribution, at).map(({ message }) => message);

    it('say of its distribution what holds now, not what held then', () => {
      expect(messagesAt(stored({}), now)).toEqual(['still']);
      const ended = 'Support of Alpine Linux v3.22 ended on 2027-05-01';
      expect(messagesAt(stored({}), new Date('2027-05-02T00:00:00Z'))).toEqual([
        `${ended}: vulnerabilities found since are not published for it`,
        'still',
      ]);
    });

    it('stay until its packages are called as its advisories call them', () => {
      const { ecosystem: _ecosystem, release: _release, ...unknownThen } = stored({});
      expect(isRenamed(unknownThen)).toBe(true);
      expect(doubtsAt(unknownThen, now)).toEqual([
        { code: 'renamed-distribution', message: expect.stringContaining('known since the last scan') },
        { code: 'unreadable-file', message: 'still' },
      ]);
      expect(isRenamed(stored({ release: '3.22' }))).toBe(true);
      expect(isRenamed(stored({}))).toBe(false);
    });
  });

  it('count the packages of which it cannot be told whether they are affected', () => {
    const [npm, perl] = [
      { name: 'npm', version: '' },
      { name: 'perl', version: '5' },
    ];
    expect(versionDoubts([])).toEqual([]);
    expect(versionDoubts([npm]).map(({ message }) => message)).toEqual([
      'it cannot be told from its advisories whether npm "" is affected',
    ]);
    expect(versionDoubts([perl, npm]).map(({ message }) => message)).toEqual([
      'it cannot be told from its advisories whether perl "5" is affected, nor whether 1 other package is',
    ]);
  });

  it('of a distribution that is not known say so', () => {
    expect(doubtsOf('gentoo', npmOnly).codes).toEqual(['unsupported-distribution']);
  });
});
