import type { ComparedFinding } from '../../api/answers.ts';
import { useComparedFindings } from '../../api/searches.ts';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { FixedIn } from '../../parts/fixed-in.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { SeverityChoice } from '../../parts/severity-choice.tsx';
import { severityOrder } from '../../parts/severity-order.ts';
import { oneOf, type SearchState } from '../../parts/use-search-state.ts';
import { vulnerabilityColumns } from '../../parts/vulnerability-columns.tsx';

const pageSize = 50;

function Version({ row }: { row: ComparedFinding }) {
  const isOther = row.versionBefore !== null && row.versionBefore !== row.version;
  return (
    <span className="pq-mono pq-nowrap">
      {isOther && <span className="pq-dim">{row.versionBefore} → </span>}
      {row.version}
    </span>
  );
}

const columns: readonly Column<ComparedFinding>[] = [
  ...vulnerabilityColumns,
  {
    id: 'package',
    label: 'Package',
    grow: true,
    cell: (row) => <span title={row.ecosystem}>{row.package}</span>,
  },
  { id: 'version', label: 'Version', cell: (row) => <Version row={row} /> },
  {
    id: 'fix',
    label: 'Fixed in',
    cell: ({ fixedVersion, fixedSource }) =>
      fixedVersion === null ? <Dash /> : <FixedIn version={fixedVersion} source={fixedSource} />,
  },
];

export type Change = ComparedFinding['change'];

const empties: Readonly<Record<Change, string>> = {
  added: 'Nothing was added',
  fixed: 'Nothing was fixed',
  unchanged: 'Nothing is in both',
  undecided: 'All could be told',
};

/** The findings of two images that changed in one way. */
export function ComparedFindings({
  id,
  earlier,
  change,
  state,
}: {
  id: number;
  earlier: number;
  change: Change;
  state: SearchState;
}) {
  const list = useComparedFindings(
    id,
    given({
      with: earlier,
      change,
      limit: pageSize,
      cursor: state.get('cursor'),
      q: state.get('q'),
      severity: oneOf(state.get('severity'), severityOrder),
    }),
  );
  return (
    <PagedTable
      name="Findings"
      list={list}
      state={state}
      pageSize={pageSize}
      noun="findings"
      columns={columns}
      rowKey={(row) => `${row.id} ${row.ecosystem} ${row.package}`}
      filters={
        <>
          <SearchBox state={state} label="Search findings" placeholder="Id or package" />
          <SeverityChoice state={state} />
        </>
      }
      empty={<EmptyNote title={empties[change]} />}
    />
  );
}
