import { countsInWords, type SeverityCountsOf, severityOrder } from './severity-order.ts';
import './severity.css';

/** Counts as one bar, each part as wide as its share; unknown is hatched. */
export function SeverityBar({ counts }: { counts: SeverityCountsOf }) {
  return (
    <div className="pq-bar" role="img" aria-label={countsInWords(counts)}>
      {severityOrder
        .filter((severity) => counts[severity] > 0)
        .map((severity) => (
          <span
            key={severity}
            data-severity={severity}
            className={severity === 'unknown' ? 'pq-hatched' : undefined}
            style={{ flexGrow: counts[severity] }}
            title={`${counts[severity]} ${severity}`}
          />
        ))}
    </div>
  );
}
