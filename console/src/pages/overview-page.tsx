import { Link } from 'react-router';
import { useSystem } from '../api/advisories.ts';
import { PageHead } from '../layout/page-head.tsx';
import { Note } from '../parts/note.tsx';
import { BlockingNamespaces } from './overview/blocking-namespaces.tsx';
import { FeedSummary } from './overview/feed-summary.tsx';
import { FirstSteps } from './overview/first-steps.tsx';
import { RefusedSentence } from './overview/refused-sentence.tsx';
import { StandingList } from './overview/standing-list.tsx';
import { WorstImages } from './overview/worst-images.tsx';
import '../parts/section-head.css';
import './overview/overview.css';

/** The verdict over everything the account may see, then why, then what to look at. */
export function OverviewPage() {
  const system = useSystem();
  return (
    <>
      <PageHead title="Overview" verdict={<RefusedSentence />} />
      {system.data !== undefined && !system.data.feeds.ready && (
        <div className="pq-overview-warning">
          <Note tone="unsure" title="Nothing can be judged yet">
            <p>
              {system.data.feeds.message}. <Link to="/advisories">Look at the feeds</Link>.
            </p>
          </Note>
        </div>
      )}
      {system.data?.counts.images === 0 ? (
        <FirstSteps />
      ) : (
        <div className="pq-overview">
          <div>
            <WorstImages />
            <BlockingNamespaces />
          </div>
          <div>
            <StandingList />
            <FeedSummary />
          </div>
        </div>
      )}
    </>
  );
}
