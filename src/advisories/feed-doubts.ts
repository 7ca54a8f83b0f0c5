import type { Database } from '../database/database.ts';
import type { Distribution } from '../report/distribution.ts';
import type { Doubt } from '../report/scan-state.ts';
import { type FeedStatus, feedReadiness, readFeedStatus, stalenessOf } from './feed-status.ts';
import { isDistributionEcosystem } from './osv/distribution-ecosystems.ts';

/** How much is known of one release of an ecosystem. */
export interface ReleaseCoverage {
  readonly ecosystem: string;
  /** Empty for ecosystems without releases. */
  readonly release: string;
  /** Advisories that are not withdrawn. */
  readonly recordCount: number;
  /** Until when advisories came regularly: the newest one when a few stragglers are set aside (decision 0008). */
  readonly dataEndAt: Date;
}

/** What is held of all feeds: read once to judge many images by `doubtsOfFeeds()`. */
export interface FeedKnowledge {
  readonly feeds: readonly FeedStatus[];
  readonly coverage: readonly ReleaseCoverage[];
}

export interface FeedDoubtQuery {
  readonly distribution?: Distribution;
  /** OSV ecosystems without suffix of the image's packages, the distribution's included. */
  readonly ecosystems: readonly string[];
  /** Newest build time of a package of the image's distribution. */
  readonly newestAt?: Date;
  readonly now: Date;
  /** Age of the last good synchronisation above which a feed is stale (semantics.md §2: 5 by default). */
  readonly feedAgeMaxDays: number;
}

/** Why "nothing found" in an image may only mean "nothing known": one doubt per reason, none when the feeds cover it. */
export async function feedDoubts(db: Database, query: FeedDoubtQuery): Promise<readonly Doubt[]> {
  return doubtsOfFeeds(await readFeedKnowledge(db), query);
}

export async function readFeedKnowledge(db: Database): Promise<FeedKnowledge> {
  const feeds = await readFeedStatus(db);
  const rows = await db.selectFrom('release_coverage').selectAll().execute();
  const coverage = rows.map((row) => ({
    ecosystem: row.ecosystem,
    release: row.release,
    recordCount: row.record_count,
    dataEndAt: row.data_end_at,
  }));
  return { feeds, coverage };
}

/** `feedDoubts()` on what was read before. */
export function doubtsOfFeeds(knowledge: FeedKnowledge, query: FeedDoubtQuery): readonly Doubt[] {
  const readiness = feedReadiness(knowledge.feeds);
  if (!readiness.ready) return [{ code: 'feed-missing', message: readiness.message }];
  const own = query.distribution?.ecosystem;
  const needed = new Set([...(own === undefined ? [] : [own]), ...query.ecosystems]);
  return [
    ...[...needed].flatMap((ecosystem) => feedDoubt(knowledge, query, ecosystem)),
    ...coverageDoubt(knowledge, query),
  ];
}

type Release = Pick<Distribution, 'ecosystem' | 'release'>;
type Judged = Pick<FeedDoubtQuery, 'now' | 'feedAgeMaxDays'>;

/**
 * Everything in the feeds that raises a doubt about an image of one of the releases, as one text: while it is the same, so
 * are the doubts of all images.
 */
export function doubtsAtAll(knowledge: FeedKnowledge, releases: readonly Release[], judged: Judged): string {
  const readiness = feedReadiness(knowledge.feeds);
  if (!readiness.ready) return readiness.message;
  const ofFeeds = knowledge.feeds.map(({ name }) => [name, ...feedDoubt(knowledge, judged, name)]);
  const ofReleases = releases.map((release) => {
    const from = lagFrom(knowledge, release);
    const isLagging = from !== undefined && from <= judged.now;
    const ofAnyAge = coverageDoubt(knowledge, { ...judged, distribution: release });
    return [release, ofAnyAge, isLagging ? from : null];
  });
  return JSON.stringify([ofFeeds, ofReleases]);
}

/** When an image of the release must have been built for its doubts to hang on that; undefined: they never do. */
export function lagFrom(knowledge: FeedKnowledge, { ecosystem, release = '' }: Release): Date | undefined {
  const covered = knowledge.coverage.find((one) => one.ecosystem === ecosystem && one.release === release);
  return covered === undefined ? undefined : new Date(covered.dataEndAt.getTime() + dataLagMaxDays * dayMs);
}

function feedDoubt(knowledge: FeedKnowledge, query: Judged, ecosystem: string): readonly Doubt[] {
  const feed = knowledge.feeds.find((one) => one.name === ecosystem);
  if (feed === undefined) {
    return [{ code: 'feed-missing', message: `no feed has advisories for ${ecosystem}` }];
  }
  if (feed.lastSuccessAt === undefined) {
    const why = feed.lastError ?? 'no attempt has ended';
    return [{ code: 'feed-failed', message: `the advisories for ${ecosystem} could never be read: ${why}` }];
  }
  const stale = stalenessOf(feed, query);
  if (stale?.kind !== 'unconfirmed') return []; // KEV and EPSS may be otherwise, which concerns policies alone
  const { at, days, daysMax } = stale;
  const why = feed.lastError === undefined ? '' : `; last error: ${feed.lastError}`;
  return [
    {
      code: 'feed-stale',
      message: `the advisories for ${ecosystem} are of ${dayOf(at)}, ${days} days old (limit ${daysMax})${why}`,
    },
  ];
}

const dayMs = 86_400_000;

/**
 * The numbers behind "no data for this release". Real releases that are covered hold at least 20 % of the advisories of
 * their distribution's best covered release (Alpine v3.3 24 %, Debian 11 22 %, AlmaLinux 10 20 %), those that only a
 * few stragglers name below 0.2 % (Alpine v3.12–v3.24). The median is no measure: most releases may be stragglers.
 * A distribution whose best covered release has fewer than ten advisories is a sample, not a database.
 */
const coverageShareMin = 0.05;
const distributionRecordsMin = 10;

/** Releases can be without a new advisory for weeks; beyond this, data that ends before the image was built is old. */
const dataLagMaxDays = 90;

function coverageDoubt(
  knowledge: FeedKnowledge,
  query: Pick<FeedDoubtQuery, 'newestAt' | 'now'> & { readonly distribution?: Release },
): readonly Doubt[] {
  const { ecosystem, release = '' } = query.distribution ?? {};
  if (ecosystem === undefined || !isDistributionEcosystem(ecosystem)) return [];
  const feed = knowledge.feeds.find((one) => one.name === ecosystem);
  if (feed?.lastSuccessAt === undefined) return []; // already said
  const releases = knowledge.coverage.filter((one) => one.ecosystem === ecosystem);
  const covered = releases.find((one) => one.release === release);
  const title = release === '' ? ecosystem : `${ecosystem} ${release}`;
  if (covered === undefined) {
    return [{ code: 'no-data-for-release', message: `there are no advisories for ${title}` }];
  }
  const largest = Math.max(...releases.map((one) => one.recordCount));
  if (largest < distributionRecordsMin || covered.recordCount < largest * coverageShareMin) {
    return [{ code: 'no-data-for-release', message: sparseMessage(title, covered.recordCount, largest) }];
  }
  return lagDoubt(title, covered, query);
}

function sparseMessage(title: string, count: number, largest: number): string {
  const counted = count === 1 ? 'is 1 advisory' : `are ${count} advisories`;
  if (count === largest) return `there ${counted} for ${title}: too few to tell`;
  return `there ${counted} for ${title}, against ${largest} for the best covered release: too few to tell`;
}

function lagDoubt(
  title: string,
  covered: ReleaseCoverage,
  query: Pick<FeedDoubtQuery, 'newestAt' | 'now'>,
): readonly Doubt[] {
  const { newestAt, now } = query;
  if (newestAt === undefined) return [];
  const builtMs = Math.min(newestAt.getTime(), now.getTime()); // a clock that ran ahead says nothing of the data
  if (builtMs - covered.dataEndAt.getTime() <= dataLagMaxDays * dayMs) return [];
  return [
    {
      code: 'data-older-than-image',
      message: `the advisories for ${title} end about ${dayOf(covered.dataEndAt)}, the image's newest package is of ${dayOf(new Date(builtMs))}`,
    },
  ];
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
