import type { ImageDetails, ImagePackage } from '../../api/answers.ts';
import { usePackages } from '../../api/images.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { given } from '../../parts/given.ts';
import { PageTurner } from '../../parts/page-turner.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';

const pageSize = 100;

const columns: readonly Column<ImagePackage>[] = [
  { id: 'name', label: 'Package', cell: (row) => <span title={row.purl}>{row.name}</span> },
  {
    id: 'version',
    label: 'Version',
    cell: (row) => <span className="pq-mono pq-nowrap">{row.version}</span>,
  },
  { id: 'ecosystem', label: 'Ecosystem', cell: (row) => row.ecosystem },
  {
    id: 'source',
    label: 'Source',
    cell: (row) => (row.sourceName === row.name ? <span className="pq-dim">—</span> : row.sourceName),
  },
  {
    id: 'owned',
    label: 'Judged by',
    cell: (row) => (row.ownedByDistribution ? 'distribution' : 'ecosystem'),
  },
  { id: 'layer', label: 'Layer', align: 'right', cell: (row) => row.place.layerIndex + 1 },
  {
    id: 'path',
    label: 'Path',
    grow: true,
    cell: (row) => (
      <span className="pq-mono" title={row.place.path}>
        {row.place.path}
      </span>
    ),
  },
];

/** What the image is made of. */
export function PackagesTab({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const packages = usePackages({
    id: image.id,
    query: given({ limit: pageSize, q: state.get('q'), cursor: state.get('cursor') }),
  });
  if (packages.error !== null && packages.data === undefined) {
    return <ErrorNote error={packages.error} onRetry={() => void packages.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label="Packages">
      <search className="pq-filters pq-no-print">
        <SearchBox
          label="Search packages"
          placeholder="Package name"
          value={state.get('q')}
          onChange={(q) => state.set({ q }, { replace: true })}
        />
      </search>
      <DataTable
        name="Packages"
        chooseColumns
        columns={columns}
        rows={packages.data?.items}
        rowKey={(row) => `${row.purl} ${row.place.layerIndex} ${row.place.path}`}
        empty={
          <EmptyNote
            title={state.get('q') === undefined ? 'No packages found' : 'No package has this in its name'}
          />
        }
      />
      {packages.data !== undefined && (
        <PageTurner
          state={state}
          shown={packages.data.items.length}
          total={packages.data.total}
          pageSize={pageSize}
          nextCursor={packages.data.nextCursor}
          noun="packages"
        />
      )}
    </section>
  );
}
