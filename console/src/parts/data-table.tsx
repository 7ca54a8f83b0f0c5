import { ActionIcon, Checkbox, Popover, Skeleton, Stack, Tooltip } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import {
  type ColumnDef,
  type ColumnVisibilityState,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { SearchState } from './use-search-state.ts';
import './data-table.css';

const features = tableFeatures({ columnVisibilityFeature });

export interface Column<Row> {
  readonly id: string;
  /** Name in the head and in the list of columns. */
  readonly label: string;
  /** Shown in the head instead of `label`. */
  readonly head?: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: 'right';
  /** Value of the `sort` parameter that sorts by this column; `-` in front turns it round. */
  readonly sortKey?: string;
  /** Takes what width is left and cuts its text. */
  readonly grow?: boolean;
  /** Not shown until somebody chooses it. */
  readonly isOptional?: boolean;
}

export interface DataTableProps<Row> {
  /** Accessible name; also the key under which chosen columns are remembered. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  /** Undefined while loading: rows of the final height stand in. */
  readonly rows: readonly Row[] | undefined;
  readonly rowKey: (row: Row) => string;
  readonly onRow?: (row: Row) => void;
  /** Marks the row whose details are open. */
  readonly isOpen?: (row: Row) => boolean;
  /** A row whose value of this changes flashes once. */
  readonly changeKey?: (row: Row) => string;
  readonly sort?: { readonly state: SearchState; readonly default: string };
  /** Lets people choose which columns they see; remembered in their browser. */
  readonly chooseColumns?: boolean;
  readonly empty: ReactNode;
}

function storageKey(name: string): string {
  return `pratique.columns.${name}`;
}

function remembered(name: string): ColumnVisibilityState {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey(name)) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(([, shown]) => typeof shown === 'boolean'));
  } catch {
    return {};
  }
}

function SortHead<Row>({
  column,
  sort,
}: {
  column: Column<Row>;
  sort: NonNullable<DataTableProps<Row>['sort']>;
}) {
  const key = column.sortKey ?? '';
  const current = sort.state.get('sort') ?? sort.default;
  const bare = key.replace(/^-/, '');
  const active = current.replace(/^-/, '') === bare;
  const turned = current.startsWith('-') ? bare : `-${bare}`;
  return (
    <button
      type="button"
      className="pq-sort"
      data-active={active}
      onClick={() => sort.state.set({ sort: active ? turned : key })}
    >
      {column.label}
      <span aria-hidden="true">{active ? (current.startsWith('-') ? '↓' : '↑') : ''}</span>
    </button>
  );
}

function ariaSort<Row>(column: Column<Row>, sort: DataTableProps<Row>['sort']) {
  if (column.sortKey === undefined || sort === undefined) return undefined;
  const current = sort.state.get('sort') ?? sort.default;
  if (current.replace(/^-/, '') !== column.sortKey.replace(/^-/, '')) return 'none';
  return current.startsWith('-') ? 'descending' : 'ascending';
}

function ColumnChooser<Row>({
  columns,
  visibility,
  onChange,
}: {
  columns: readonly Column<Row>[];
  visibility: ColumnVisibilityState;
  onChange: (visibility: ColumnVisibilityState) => void;
}) {
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label="Choose columns">
          <ActionIcon variant="subtle" color="gray" size={22} aria-label="Choose columns">
            <IconColumns3 size={15} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={6}>
          {columns
            .filter((column) => column.label !== '')
            .map((column, index) => (
              <Checkbox
                key={column.id}
                size="xs"
                label={column.label}
                disabled={index === 0}
                checked={visibility[column.id] !== false}
                onChange={(event) => onChange({ ...visibility, [column.id]: event.currentTarget.checked })}
              />
            ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function LoadingRows({ columns }: { columns: number }) {
  return (
    <tbody aria-hidden="true">
      {['a', 'b', 'c', 'd', 'e', 'f'].map((row) => (
        <tr key={row}>
          <td colSpan={columns}>
            <Skeleton height={12} radius={2} width={`${60 + ((row.charCodeAt(0) * 7) % 35)}%`} />
          </td>
        </tr>
      ))}
    </tbody>
  );
}

function useColumnVisibility<Row>({ name, columns }: Pick<DataTableProps<Row>, 'name' | 'columns'>) {
  const [chosen, setChosen] = useState(() => remembered(name));
  const change = (next: ColumnVisibilityState) => {
    setChosen(next);
    localStorage.setItem(storageKey(name), JSON.stringify(next));
  };
  const visibility = useMemo(
    () => Object.fromEntries(columns.map(({ id, isOptional }) => [id, chosen[id] ?? isOptional !== true])),
    [chosen, columns],
  );
  return [visibility, change] as const;
}

/** Rows of 36 px with a sticky head; sorting is the server's, its state the address's. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { columns, rows, sort } = props;
  const [visibility, changeVisibility] = useColumnVisibility(props);
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const definitions = useMemo(
    () => columns.map((column): ColumnDef<typeof features, Row> => ({ id: column.id, header: column.label })),
    [columns],
  );
  const data = useMemo(() => [...(rows ?? [])], [rows]);
  const table = useTable({
    features,
    columns: definitions,
    data,
    getRowId: props.rowKey,
    state: { columnVisibility: visibility },
  });
  const shown = table.getVisibleLeafColumns().flatMap((leaf) => byId.get(leaf.id) ?? []);
  if (rows !== undefined && rows.length === 0) return <>{props.empty}</>;
  return (
    <div className="pq-table-scroll">
      <table
        className="pq-table"
        aria-label={props.name}
        aria-busy={rows === undefined}
        data-chooser={props.chooseColumns === true && shown.at(-1)?.head !== ''}
      >
        <thead>
          <tr>
            {shown.map((column, index) => (
              <th
                key={column.id}
                data-align={column.align}
                data-grow={column.grow}
                aria-sort={ariaSort(column, sort)}
              >
                {column.sortKey !== undefined && sort !== undefined ? (
                  <SortHead column={column} sort={sort} />
                ) : (
                  (column.head ?? column.label)
                )}
                {props.chooseColumns === true && index === shown.length - 1 && (
                  <span className="pq-columns pq-no-print">
                    <ColumnChooser columns={columns} visibility={visibility} onChange={changeVisibility} />
                  </span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        {rows === undefined ? (
          <LoadingRows columns={shown.length} />
        ) : (
          <tbody>
            {table.getRowModel().rows.map((row) => (
              <BodyRow key={row.id} row={row.original} columns={shown} table={props} />
            ))}
          </tbody>
        )}
      </table>
    </div>
  );
}

/** Lets the element light up once whenever `value` changes, unless people asked for less motion. */
function useFlash(value: string | undefined) {
  const element = useRef<HTMLTableRowElement>(null);
  const last = useRef(value);
  useEffect(() => {
    if (last.current === value) return;
    last.current = value;
    if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const flag = 'color-mix(in srgb, var(--pq-flag) 40%, transparent)';
    element.current?.animate([{ backgroundColor: flag }, { backgroundColor: 'transparent' }], 1600);
  }, [value]);
  return element;
}

function BodyRow<Row>({
  row,
  columns,
  table,
}: {
  row: Row;
  columns: readonly Column<Row>[];
  table: Pick<DataTableProps<Row>, 'onRow' | 'isOpen' | 'changeKey'>;
}) {
  const { onRow, isOpen } = table;
  const element = useFlash(table.changeKey?.(row));
  return (
    // The row's first cell holds a link or button of its own: a click on the rest of the row is a shortcut for the mouse.
    <tr
      ref={element}
      data-open={isOpen?.(row) ?? false}
      data-clickable={onRow !== undefined}
      onClick={
        onRow &&
        ((event) => {
          const inControl =
            event.target instanceof Element && event.target.closest('a,button,input,select,label');
          if (!inControl && window.getSelection()?.isCollapsed !== false) onRow(row);
        })
      }
    >
      {columns.map((column) => (
        <td key={column.id} data-align={column.align} data-grow={column.grow}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
