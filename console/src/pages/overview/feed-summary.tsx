import { Link } from 'react-router';
import { useFeeds } from '../../api/advisories.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';

/** How fresh the advisories are, in a few lines. */
export function FeedSummary() {
  const feeds = useFeeds();
  if (feeds.data === undefined) return null;
  const { items, listError } = feeds.data;
  const records = items.reduce((sum, feed) => sum + feed.recordCount, 0);
  const failing = items.filter((feed) => feed.lastError !== null).length;
  const stale = items.filter((feed) => feed.stale).length;
  const last = items
    .map((feed) => feed.lastSuccessAt)
    .filter((at) => at !== null)
    .sort()
    .at(-1);
  return (
    <section className="pq-panel" aria-label="Advisories">
      <h2 className="pq-section-head">
        Advisories <Link to="/advisories">Feeds</Link>
      </h2>
      <ul className="pq-tally">
        <li>
          <Link to="/advisories">
            <span>Records</span>
            <strong>{records.toLocaleString('en')}</strong>
          </Link>
        </li>
        <li>
          <Link to="/advisories">
            <span>Last read</span>
            <RelativeTime at={last} />
          </Link>
        </li>
        {listError !== null && (
          <li>
            <Link to="/advisories">
              <span>List of ecosystems</span>
              <UnsureMark>Not read</UnsureMark>
            </Link>
          </li>
        )}
        <li>
          <Link to="/advisories">
            <span>Feeds that failed</span>
            <strong className={failing === 0 ? 'pq-dim' : undefined}>{failing}</strong>
          </Link>
        </li>
        <li>
          <Link to="/advisories">
            <span>Feeds too old</span>
            <strong className={stale === 0 ? 'pq-dim' : undefined}>{stale}</strong>
          </Link>
        </li>
      </ul>
    </section>
  );
}
