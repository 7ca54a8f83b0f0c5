import { Link } from 'react-router';
import { useFeeds } from '../../api/advisories.ts';
import { useMalwareEngines } from '../../api/malware-engines.ts';
import { MalwareEngineState } from '../../parts/malware-engines.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';

/** One line for each malware engine; where there is none, that is said. */
function MalwareLines() {
  const engines = useMalwareEngines();
  if (engines.data === undefined) return null;
  if (engines.data.length === 0) {
    return (
      <li>
        <Link to="/advisories">
          <span>Malware engines</span>
          <span className="pq-dim">none</span>
        </Link>
      </li>
    );
  }
  return engines.data.map((engine) => (
    <li key={engine.name}>
      <Link to="/advisories">
        <span>Malware signatures of {engine.name}</span>
        {engine.state === 'ready' && engine.signaturesBuiltAt !== null ? (
          <RelativeTime at={engine.signaturesBuiltAt} />
        ) : (
          <MalwareEngineState engine={engine} />
        )}
      </Link>
    </li>
  ));
}

/** How fresh the advisories and the signatures of malware are, in a few lines. */
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
        <MalwareLines />
      </ul>
    </section>
  );
}
