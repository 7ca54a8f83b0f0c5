import { Link } from 'react-router';
import type { HeldPackage } from '../../api/answers.ts';
import { useHeldPackages } from '../../api/searches.ts';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { ImageCount } from '../../parts/image-count.tsx';
import { PagedTable } from '../../parts/paged-table.tsx';
import { SeverityCounts, SeverityCountsHead } from '../../parts/severity-counts.tsx';
import type { SearchState } from '../../parts/use-search-state.ts';

const pageSize = 50;

const columns: readonly Column<HeldPackage>[] = [
  { id: 'name', label: 'Package', grow: true, cell: (row) => <span title={row.purl}>{row.name}</span> },
  {
    id: 'version',
    label: 'Version',
    cell: (row) => <span className="pq-mono pq-nowrap">{row.version}</span>,
  },
  {
    id: 'ecosystem',
    label: 'Ecosystem',
    cell: ({ ecosystem, release }) => (release === '' ? ecosystem : `${ecosystem} ${release}`),
  },
  {
    id: 'source',
    label: 'Source',
    cell: (row) => (row.sourceName === row.name ? <Dash /> : row.sourceName),
  },
  {
    id: 'findings',
    label: 'Findings',
    head: <SeverityCountsHead />,
    cell: (row) => <SeverityCounts counts={row.vulnerabilities} />,
  },
  {
    id: 'images',
    label: 'Images',
    align: 'right',
    cell: ({ purl, imageCount, imageCountIsMinimum }) => (
      <Link to={`/search?for=${encodeURIComponent(purl)}`}>
        <ImageCount count={imageCount} isMinimum={imageCountIsMinimum} />
      </Link>
    ),
  },
];

/** The distinct packages that a search finds; `incomparable`: those whose versions could not be compared. */
export function HeldPackageTable({
  state,
  asked,
  incomparable,
}: {
  state: SearchState;
  asked: string;
  incomparable: boolean;
}) {
  const list = useHeldPackages(
    given({ q: asked, incomparable, limit: pageSize, cursor: state.get('cursor') }) as Parameters<
      typeof useHeldPackages
    >[0], // `q` is given
  );
  return (
    <PagedTable
      name="Packages"
      list={list}
      state={state}
      pageSize={pageSize}
      noun="packages"
      columns={columns}
      rowKey={({ id }) => String(id)}
      empty={<EmptyNote title="No package of an image that you may see" />}
    />
  );
}
