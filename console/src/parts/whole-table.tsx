import type { Page } from '../api/answers.ts';
import { DataTable, type DataTableProps } from './data-table.tsx';
import { ErrorNote } from './error-note.tsx';

/** A list that comes in one piece. */
export function WholeTable<Row extends object>({
  list,
  ...table
}: Omit<DataTableProps<Row>, 'rows'> & {
  list: { data: Page<Row> | undefined; error: Error | null; refetch: () => unknown };
}) {
  if (list.error !== null && list.data === undefined) {
    return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label={table.name}>
      <DataTable {...table} rows={list.data?.items} />
    </section>
  );
}
