import type { ComparedPackage } from '../../api/answers.ts';
import { useComparedPackages } from '../../api/searches.ts';
import { Choice } from '../../parts/choice.tsx';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { oneOf, type SearchState } from '../../parts/use-search-state.ts';

const pageSize = 100;
const changes = ['added', 'removed', 'upgraded', 'downgraded', 'changed'] as const;

function Versions({ versions }: { versions: readonly string[] }) {
  return versions.length === 0 ? <Dash /> : <span className="pq-mono">{versions.join(', ')}</span>;
}

const columns: readonly Column<ComparedPackage>[] = [
  { id: 'name', label: 'Package', grow: true, cell: (row) => row.name },
  { id: 'ecosystem', label: 'Ecosystem', cell: (row) => row.ecosystem },
  {
    id: 'change',
    label: 'Change',
    cell: ({ change }) => (change === 'changed' ? 'other version' : change),
  },
  { id: 'before', label: 'Before', cell: (row) => <Versions versions={row.before} /> },
  { id: 'after', label: 'Now', cell: (row) => <Versions versions={row.after} /> },
];

/** The packages that two images do not hold alike. */
export function ComparedPackages({
  id,
  earlier,
  state,
}: {
  id: number;
  earlier: number;
  state: SearchState;
}) {
  const list = useComparedPackages(
    id,
    given({
      with: earlier,
      limit: pageSize,
      cursor: state.get('cursor'),
      q: state.get('q'),
      change: oneOf(state.get('change'), changes),
    }),
  );
  return (
    <PagedTable
      name="Packages"
      list={list}
      state={state}
      pageSize={pageSize}
      noun="packages"
      columns={columns}
      rowKey={(row) => `${row.ecosystem} ${row.name}`}
      filters={
        <>
          <SearchBox state={state} label="Search packages" placeholder="Package name" />
          <Choice
            state={state}
            param="change"
            label="Change"
            any="Any change"
            options={changes.map((value) => ({
              value,
              label: value === 'changed' ? 'other version' : value,
            }))}
          />
        </>
      }
      empty={<EmptyNote title="Both hold the same packages" />}
    />
  );
}
