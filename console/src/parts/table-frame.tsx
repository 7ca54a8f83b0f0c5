import type { ReactNode } from 'react';
import { ErrorNote } from './error-note.tsx';

/** A list as a query gives it: its rows, or why there are none. */
export interface ListQuery<Answer> {
  readonly data: Answer | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** The panel around a table: its filters above, what belongs to the rows below; in its place why there are no rows. */
export function TableFrame({
  name,
  list,
  filters,
  children,
}: {
  name: string;
  list: ListQuery<unknown>;
  filters?: ReactNode;
  children: ReactNode;
}) {
  if (list.error !== null && list.data === undefined) {
    return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label={name}>
      {filters !== undefined && <search className="pq-filters pq-no-print">{filters}</search>}
      {children}
    </section>
  );
}
