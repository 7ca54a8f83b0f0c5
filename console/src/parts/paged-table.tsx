import type { ReactNode } from 'react';
import type { Page } from '../api/answers.ts';
import { DataTable, type DataTableProps } from './data-table.tsx';
import { PageTurner } from './page-turner.tsx';
import { type ListQuery, TableFrame } from './table-frame.tsx';
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
  list: ListQuery<Page<Row>>;
  state: SearchState;
  pageSize: number;
  /** What the rows are, in the plural. */
  noun: string;
  filters?: ReactNode;
}) {
  return (
    <TableFrame name={table.name} list={list} filters={filters}>
      <DataTable {...table} rows={list.data?.items} />
      {list.data !== undefined && (
        <PageTurner state={state} page={list.data} pageSize={pageSize} noun={noun} />
      )}
    </TableFrame>
  );
}
