import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { ImageQuery } from '../../api/images.ts';
import { useImageCount } from './use-image-count.ts';

function Tally({ to, query, children }: { to: string; query: ImageQuery; children: ReactNode }) {
  const count = useImageCount(query);
  return (
    <li>
      <Link to={to}>
        <span>{children}</span>
        <strong className={count?.words === '0' ? 'pq-dim' : undefined}>{count?.words ?? '…'}</strong>
      </Link>
    </li>
  );
}

/** Images per answer and scan state; every number leads to its rows. */
export function StandingList() {
  return (
    <section className="pq-panel" aria-label="Images by standing">
      <h2 className="pq-section-head">Images</h2>
      <ul className="pq-tally">
        <Tally to="/images?verdict=block" query={{ verdict: 'block' }}>
          Refused
        </Tally>
        <Tally to="/images?verdict=warn" query={{ verdict: 'warn' }}>
          Served with a warning
        </Tally>
        <Tally to="/images?state=undetermined" query={{ state: 'undetermined' }}>
          Could not tell
        </Tally>
        <Tally to="/images?state=failed" query={{ state: 'failed' }}>
          Scan exception
        </Tally>
        <Tally to="/images?state=scanning" query={{ state: 'scanning' }}>
          Being scanned
        </Tally>
        <Tally to="/images?state=not-scanned" query={{ state: 'not-scanned' }}>
          Not scanned
        </Tally>
      </ul>
    </section>
  );
}
