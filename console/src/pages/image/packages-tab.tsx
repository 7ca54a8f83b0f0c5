import type { ImageDetails, ImagePackage } from '../../api/answers.ts';
import { usePackages } from '../../api/images.ts';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
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
    cell: (row) => (row.sourceName === row.name ? <Dash /> : row.sourceName),
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
  return (
    <PagedTable
      name="Packages"
      list={packages}
      state={state}
      pageSize={pageSize}
      noun="packages"
      chooseColumns
      columns={columns}
      rowKey={(row) => `${row.purl} ${row.place.layerIndex} ${row.place.path}`}
      filters={<SearchBox state={state} label="Search packages" placeholder="Package name" />}
      empty={
        <EmptyNote
          title={state.get('q') === undefined ? 'No packages found' : 'No package has this in its name'}
        />
      }
    />
  );
}
