import { describe, expect, it } from 'vitest';
import { doubtsOfFeeds, type FeedDoubtQuery, type FeedKnowledge } from './feed-doubts.ts';
import { feedReadiness } from './feed-status.ts';

const now = new Date('2026-08-22T12:00:00Z');
const yesterday = new Date('2026-08-21T12:00:00Z');
const dataEndAt = new Date('2026-08-20T00:00:00Z');

const held = {
  recordCount: 2_000,
  skippedCount: 0,
  version: 1,
  matchedVersion: 1,
  failures: 0,
  isUnreachable: false,
};
const alpine = { name: 'Alpine', ...held, lastSuccessAt: yesterday };
const npm = { name: 'npm', ...held, lastSuccessAt: yesterday };
const coverage = [
  { ecosystem: 'Alpine', release: 'v3.10', recordCount: 1_700, dataEndAt },
  { ecosystem: 'Alpine', release: 'v3.3', recordCount: 450, dataEndAt },
  { ecosystem: 'Alpine', release: 'v3.12', recordCount: 3, dataEndAt },
];
const covered: FeedKnowledge = { feeds: [alpine, npm], coverage };

function image(release: string, more: Partial<FeedDoubtQuery> = {}): FeedDoubtQuery {
  return {
    distribution: {
      id: 'alpine',
      versionId: '3',
      prettyName: 'Alpine Linux',
      ecosystem: 'Alpine',
      release,
    },
    ecosystems: ['Alpine', 'npm'],
    now,
    feedAgeMaxDays: 5,
    ...more,
  };
}

describe('doubtsOfFeeds()', () => {
  it.each(['v3.10', 'v3.3'])('has none for the covered release %s', (release) => {
    expect(doubtsOfFeeds(covered, image(release))).toEqual([]);
  });

  it('has one when there is no advisory at all, and says what to do', () => {
    expect(doubtsOfFeeds({ feeds: [], coverage: [] }, image('v3.10'))).toEqual([
      {
        code: 'feed-missing',
        message: 'no advisory data yet: nothing can be judged; "pratique advisories status" says what to do',
      },
    ]);
    expect(feedReadiness([], 'mirrors').message).toMatch(/; run "pratique advisories sync"$/);
    expect(feedReadiness([], 'bundle').message).toContain('"pratique advisories import"');
    expect(feedReadiness([], 'by-hand').message).toMatch(/; run "pratique advisories import" with a bundle$/);
  });

  it('names the error when the first synchronisation failed', () => {
    const list = { name: 'ecosystems.txt', ...held, recordCount: 0, lastError: 'no network' };
    expect(doubtsOfFeeds({ feeds: [list], coverage: [] }, image('v3.10'))[0]?.message).toMatch(
      /\(last attempt: no network\)$/,
    );
  });

  it('marks only images with packages of the ecosystem that could never be read', () => {
    const broken: FeedKnowledge = {
      feeds: [alpine, { name: 'npm', ...held, recordCount: 0, lastError: 'a page of HTML' }],
      coverage,
    };
    expect(doubtsOfFeeds(broken, image('v3.10'))).toEqual([
      { code: 'feed-failed', message: 'the advisories for npm could never be read: a page of HTML' },
    ]);
    expect(doubtsOfFeeds(broken, image('v3.10', { ecosystems: [] }))).toEqual([]);
  });

  it('marks an ecosystem that no feed has', () => {
    expect(doubtsOfFeeds(covered, image('v3.10', { ecosystems: ['CRAN'] }))).toEqual([
      { code: 'feed-missing', message: 'no feed has advisories for CRAN' },
    ]);
  });

  it('calls a feed stale only beyond its limit', () => {
    const at = (lastSuccessAt: string): FeedKnowledge => ({
      feeds: [{ ...alpine, lastSuccessAt: new Date(lastSuccessAt), lastError: 'HTTP 503' }, npm],
      coverage,
    });
    expect(doubtsOfFeeds(at('2026-08-17T12:00:00Z'), image('v3.10'))).toEqual([]);
    expect(doubtsOfFeeds(at('2026-08-17T11:59:59Z'), image('v3.10'))).toEqual([
      {
        code: 'feed-stale',
        message: 'the advisories for Alpine are of 2026-08-17, 5 days old (limit 5); last error: HTTP 503',
      },
    ]);
  });

  it('marks a release that the data does not know', () => {
    expect(doubtsOfFeeds(covered, image('v3.99'))).toEqual([
      { code: 'no-data-for-release', message: 'there are no advisories for Alpine v3.99' },
    ]);
  });

  it('marks a release that only stragglers name', () => {
    expect(doubtsOfFeeds(covered, image('v3.12'))).toEqual([
      {
        code: 'no-data-for-release',
        message:
          'there are 3 advisories for Alpine v3.12, against 1700 for the best covered release: too few to tell',
      },
    ]);
  });

  it('marks a distribution of which there is only a sample', () => {
    const sample = [{ ecosystem: 'Alpine', release: 'v3.10', recordCount: 9, dataEndAt }];
    expect(doubtsOfFeeds({ ...covered, coverage: sample }, image('v3.10'))[0]).toEqual({
      code: 'no-data-for-release',
      message: 'there are 9 advisories for Alpine v3.10: too few to tell',
    });
  });

  it('marks data that ends long before the image was built', () => {
    const old = coverage.map((one) => ({ ...one, dataEndAt: new Date('2020-02-01T00:00:00Z') }));
    const doubtsOf = (newestAt: string) =>
      doubtsOfFeeds({ ...covered, coverage: old }, image('v3.10', { newestAt: new Date(newestAt) }));
    expect(doubtsOf('2020-05-01T00:00:00Z')).toEqual([]);
    expect(doubtsOf('2021-04-14T00:00:00Z')).toEqual([
      {
        code: 'data-older-than-image',
        message:
          "the advisories for Alpine v3.10 end about 2020-02-01, the image's newest package is of 2021-04-14",
      },
    ]);
  });

  it('does not take a clock that ran ahead for old data', () => {
    expect(doubtsOfFeeds(covered, image('v3.10', { newestAt: new Date('2038-01-01T00:00:00Z') }))).toEqual(
      [],
    );
  });
});
