import { type AdvisoryStatus, feedAge } from '../../app/administration/update-advisories.ts';
import { formatTable } from './format-table.ts';
import { print } from './print.ts';
import { shownInstant } from './shown-instant.ts';

/** What is held of each feed, how old it is, and how its last attempt went. */
export function printFeedStatus(feeds: AdvisoryStatus['feeds'], now: Date): void {
  const rows = feeds.map((feed) => {
    const { ageSeconds, isStale } = feedAge(feed, now);
    const age = ageSeconds === undefined ? 'never read' : shownAge(ageSeconds);
    return [
      feed.name,
      String(feed.recordCount),
      String(feed.version),
      shownInstant(feed.newestRecordAt),
      shownInstant(feed.lastSuccessAt),
      isStale && ageSeconds !== undefined ? `${age}, stale` : age,
      shownInstant(feed.lastAttemptAt),
      feed.lastError ?? '',
      feed.source ?? '',
    ];
  });
  const columns = ['FEED', 'RECORDS', 'VERSION', 'NEWEST RECORD', 'LAST SUCCESS', 'AGE', 'LAST ATTEMPT'];
  print(formatTable([...columns, 'LAST ERROR', 'SOURCE'], rows));
}

function shownAge(seconds: number): string {
  const hours = Math.floor(seconds / 3_600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
