import { countsInWords, type SeverityCountsOf, severityOrder } from './severity-order.ts';
import './severity.css';

const letters = { critical: 'C', high: 'H', medium: 'M', low: 'L', negligible: 'N', unknown: '?' } as const;

/** The head over a column of `SeverityCounts`. */
export function SeverityCountsHead() {
  return (
    <span className="pq-counts pq-counts-head">
      {severityOrder.map((severity) => (
        <span key={severity} title={severity}>
          {letters[severity]}
        </span>
      ))}
    </span>
  );
}

/** At most four characters; the exact count is in the title. */
function figure(count: number): string {
  if (count === 0) return '·';
  if (count < 1000) return String(count);
  return count < 10_000 ? `${(Math.floor(count / 100) / 10).toFixed(1)}k` : `${Math.floor(count / 1000)}k`;
}

/** Six cells, critical to unknown: the heavier the fill the worse; unknown is hatched. */
export function SeverityCounts({ counts }: { counts: SeverityCountsOf }) {
  const words = countsInWords(counts);
  return (
    <span className="pq-counts" role="img" aria-label={words} title={words}>
      {severityOrder.map((severity) => (
        <span
          key={severity}
          data-severity={severity}
          data-zero={counts[severity] === 0}
          className={severity === 'unknown' && counts[severity] > 0 ? 'pq-hatched' : undefined}
        >
          {figure(counts[severity])}
        </span>
      ))}
    </span>
  );
}
