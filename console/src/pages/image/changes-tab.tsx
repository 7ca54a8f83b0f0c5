import type { FindingChange, ImageDetails } from '../../api/answers.ts';
import { useFindingChanges } from '../../api/finding-changes.ts';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { revisionOf } from './revision-of.ts';

const pageSize = 50;

const words: Readonly<Record<FindingChange['change'], string>> = {
  added: 'new',
  removed: 'no more reported',
  'severity-changed': 'rated otherwise',
  'became-fixable': 'fix available',
  'known-exploited': 'now exploited',
};

const columns: readonly Column<FindingChange>[] = [
  { id: 'at', label: 'When', cell: (row) => <RelativeTime at={row.at} /> },
  { id: 'change', label: 'Change', cell: (row) => <span className="pq-nowrap">{words[row.change]}</span> },
  { id: 'id', label: 'Vulnerability', cell: (row) => <span className="pq-mono pq-nowrap">{row.id}</span> },
  {
    id: 'severity',
    label: 'Severity',
    cell: (row) => (
      <>
        <SeverityMark severity={row.severity} />
        {row.previousSeverity !== null && <span className="pq-dim"> was {row.previousSeverity}</span>}
      </>
    ),
  },
  {
    id: 'package',
    label: 'Package',
    grow: true,
    cell: (row) => (
      <>
        {row.package.name} <span className="pq-mono">{row.package.version}</span>
      </>
    ),
  },
  {
    id: 'fixed',
    label: 'Fixed in',
    cell: (row) => <span className="pq-mono pq-nowrap">{row.fixedVersion ?? '—'}</span>,
  },
];

/** What new advisories changed for the image since it was first judged, without a scan. */
export function ChangesTab({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const changes = useFindingChanges({
    id: image.id,
    revision: revisionOf(image),
    query: given({ limit: pageSize, cursor: state.get('cursor') }),
  });
  return (
    <PagedTable
      name="Changes"
      list={changes}
      state={state}
      pageSize={pageSize}
      noun="changes"
      columns={columns}
      rowKey={(row) =>
        `${row.at} ${row.change} ${row.id} ${row.package.ecosystem} ${row.package.name} ${row.package.version}`
      }
      empty={
        <EmptyNote title="No advisory has changed what is known of this image since it was first judged" />
      }
    />
  );
}
