import type { ReactNode } from 'react';
import './notes.css';

/** A short statement that must be seen: `unsure` is hatched, for what could not be told. */
export function Note({
  tone,
  title,
  children,
}: {
  tone: 'error' | 'warning' | 'unsure' | 'plain';
  title: string;
  children?: ReactNode;
}) {
  return (
    <section className="pq-note" data-tone={tone} role={tone === 'error' ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
