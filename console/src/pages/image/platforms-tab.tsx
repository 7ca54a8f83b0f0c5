import { Link } from 'react-router';
import type { ImageDetails } from '../../api/answers.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { DigestText } from '../../parts/digest-text.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';

type Child = ImageDetails['children'][number];

function platformName(child: Child): string {
  if (child.platform === null) return 'no platform';
  const { os, architecture, variant } = child.platform;
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

const columns: readonly Column<Child>[] = [
  {
    id: 'platform',
    label: 'Platform',
    grow: true,
    cell: (child) =>
      child.imageId === null ? (
        <span>
          {platformName(child)} <span className="pq-dim">not stored here</span>
        </span>
      ) : (
        <Link to={`/images/${child.imageId}`}>{platformName(child)}</Link>
      ),
  },
  { id: 'digest', label: 'Digest', cell: (child) => <DigestText digest={child.digest} /> },
  {
    id: 'type',
    label: 'Media type',
    cell: (child) => <span className="pq-mono pq-dim">{child.mediaType}</span>,
  },
];

/** The images of an index: each of them is judged by itself. */
export function PlatformsTab({ image }: { image: ImageDetails }) {
  return (
    <section className="pq-panel" aria-label="Platforms">
      <DataTable
        name="Platforms"
        columns={columns}
        rows={image.children}
        rowKey={(child) => child.digest}
        empty={<EmptyNote title="The index names no images" />}
      />
    </section>
  );
}
