import type { FeedVersion } from '../report/feed-version.ts';
import { feedNames } from './feed-names.ts';
import type { FeedStatus } from './feed-status.ts';

/** Feeds that any package's findings are rated by. */
const forAll: readonly string[] = [feedNames.cve, feedNames.kev, feedNames.epss];

/** Versions of the feeds that packages of these ecosystems are judged by; of one that was never read, version 0. */
export function feedVersionsOf(
  feeds: readonly FeedStatus[],
  ecosystems: readonly string[],
): readonly FeedVersion[] {
  const names = [...new Set([...[...ecosystems].sort(), ...forAll])];
  return names.map((name) => {
    const feed = feeds.find((one) => one.name === name);
    if (feed === undefined) return { feed: name, version: 0 };
    const { matchedVersion, version, newestRecordAt, lastSuccessAt } = feed;
    const isBehind = matchedVersion < version;
    return {
      feed: name,
      version: matchedVersion,
      ...(isBehind ? { nextVersion: version } : {}),
      ...(isBehind || newestRecordAt === undefined ? {} : { newestRecordAt }),
      ...(lastSuccessAt === undefined ? {} : { confirmedAt: lastSuccessAt }),
    };
  });
}

/** Their rows are looked at whenever findings are read, before anybody has followed a new version. */
const readAtOnce: readonly string[] = [feedNames.kev, feedNames.epss];

/** Equal exactly when packages have the same findings: what is read at one is never mixed with what is read at another. */
export function matchingGeneration(feeds: readonly FeedStatus[]): string {
  return feeds
    .map(({ name, matchedVersion, version }) =>
      readAtOnce.includes(name) ? `${name} ${matchedVersion} ${version}` : `${name} ${matchedVersion}`,
    )
    .join('\n');
}
