import type { ReactNode } from 'react';
import './marks.css';

/** "Could not tell": a hatched box and words, as visible as red and never green. */
export function UnsureMark({ children }: { children: ReactNode }) {
  return (
    <span className="pq-mark" data-look="unsure">
      <span className="pq-mark-box pq-hatched" aria-hidden="true" />
      <span>{children}</span>
    </span>
  );
}
