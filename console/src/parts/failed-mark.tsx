import type { ReactNode } from 'react';
import './marks.css';

/** Something that was tried and went wrong. */
export function FailedMark({ children }: { children: ReactNode }) {
  return (
    <span className="pq-mark" data-look="refused">
      <svg className="pq-mark-glyph" viewBox="0 0 14 14" aria-hidden="true">
        <rect x="0.5" y="0.5" width="13" height="13" rx="2" fill="currentColor" />
        <path d="m4 4 6 6m0-6-6 6" stroke="var(--pq-surface)" strokeWidth="1.8" />
      </svg>
      {children}
    </span>
  );
}
