import type { ReactNode } from 'react';
import './fact.css';

/** One figure of a strip of facts, in a `dl` within `.pq-facts`. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
