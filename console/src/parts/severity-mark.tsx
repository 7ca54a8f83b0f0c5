import type { Severity } from '../api/answers.ts';
import './severity.css';

const steps: Readonly<Record<Severity, number>> = {
  critical: 4,
  high: 3,
  medium: 2,
  low: 1,
  negligible: 0,
  unknown: 0,
};

/** Four rising steps, filled up to the severity: readable without colour. Unknown is a hatched box. */
function SeverityGlyph({ severity }: { severity: Severity }) {
  if (severity === 'unknown')
    return <span className="pq-severity-unknown-box pq-hatched" aria-hidden="true" />;
  return (
    <svg className="pq-severity-glyph" viewBox="0 0 15 12" aria-hidden="true">
      {[0, 1, 2, 3].map((step) => {
        const height = 3 + step * 3;
        const filled = step < steps[severity];
        return (
          <rect
            key={step}
            x={step * 4 + 0.5}
            y={12 - height + 0.5}
            width={2}
            height={height - 1}
            fill={filled ? 'currentColor' : 'none'}
            stroke="currentColor"
            strokeWidth={filled ? 1 : 0.75}
            strokeOpacity={filled ? 1 : 0.6}
          />
        );
      })}
    </svg>
  );
}

/** A severity by shape, word and colour. */
export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span className="pq-severity" data-severity={severity}>
      <SeverityGlyph severity={severity} />
      <span>{severity}</span>
    </span>
  );
}
