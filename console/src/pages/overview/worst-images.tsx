import { Link, useNavigate } from 'react-router';
import type { Image } from '../../api/answers.ts';
import { useImages } from '../../api/images.ts';
import { Dash } from '../../parts/dash.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { imageName } from '../../parts/image-name.ts';
import { ScanState } from '../../parts/scan-state.tsx';
import { SeverityCounts, SeverityCountsHead } from '../../parts/severity-counts.tsx';
import { VerdictMark } from '../../parts/verdict-mark.tsx';

const columns: readonly Column<Image>[] = [
  {
    id: 'name',
    label: 'Image',
    grow: true,
    cell: (image) => <Link to={`/images/${image.id}`}>{imageName(image)}</Link>,
  },
  { id: 'verdict', label: 'A pull is', cell: (image) => <VerdictMark image={image} /> },
  { id: 'state', label: 'Scan', cell: (image) => <ScanState image={image} /> },
  {
    id: 'findings',
    label: 'Findings',
    head: <SeverityCountsHead />,
    cell: (image) => (image.severity === null ? <Dash /> : <SeverityCounts counts={image.severity} />),
  },
];

/** The images with the worst findings. */
export function WorstImages() {
  const navigate = useNavigate();
  const images = useImages({ sort: '-severity', limit: 8, kind: 'image' });
  if (images.error !== null && images.data === undefined) {
    return <ErrorNote error={images.error} onRetry={() => void images.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label="Worst images">
      <h2 className="pq-section-head">
        Look at these first <Link to="/images?sort=-severity">All images</Link>
      </h2>
      <DataTable
        name="Worst images"
        columns={columns}
        rows={images.data?.items}
        rowKey={(image) => String(image.id)}
        onRow={(image) => void navigate(`/images/${image.id}`)}
        empty={null}
      />
    </section>
  );
}
