import { DataTable, type DataTableProps } from './data-table.tsx';
import { type ListQuery, TableFrame } from './table-frame.tsx';

/** A list that comes in one piece. */
export function WholeTable<Row extends object>({
  list,
  ...table
}: Omit<DataTableProps<Row>, 'rows'> & { list: ListQuery<{ readonly items: readonly Row[] }> }) {
  return (
    <TableFrame name={table.name} list={list}>
      <DataTable {...table} rows={list.data?.items} />
    </TableFrame>
  );
}
