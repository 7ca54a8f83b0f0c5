import type { ReactNode } from 'react';
import type { Page } from '../api/answers.ts';
import { DataTable, type DataTableProps } from './data-table.tsx';
import { ErrorNote } from './error-note.tsx';
import { PageTurner } from './page-turner.tsx';
import type { SearchState } from './use-search-state.ts';

/** A list that comes page by page: its filters, its rows, and which of how many they are. */
export function PagedTable<Row extends object>({
  list,
  state,
  pageSize,
  noun,
  filters,
  ...table
}: Omit<DataTableProps<Row>, 'rows'> & {
  list: { data: Page<Row> | undefined; error: Error | null; refetch: () => unknown };
  state: SearchState;
  pageSize: number;
  /** What the rows are, in the plural. */
  noun: string;
  filters?: ReactNode;
}) {
  const { data, error } = list;
  if (error !== null && data === undefined) {
    return <ErrorNote error={error} onRetry={() => void list.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label={table.name}>
      {filters !== undefined && <search className="pq-filters pq-no-print">{filters}</search>}
      <DataTable {...table} rows={data?.items} />
      {data !== undefined && (
        <PageTurner
          state={state}
          shown={data.items.length}
          total={data.total}
          totalIsEstimate={data.totalIsEstimate}
          totalIsMinimum={data.totalIsMinimum}
          pageSize={pageSize}
          nextCursor={data.nextCursor}
          noun={noun}
        />
      )}
    </section>
  );
}
