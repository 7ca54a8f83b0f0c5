import type { ImageDetails } from '../../api/answers.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { SeverityCounts, SeverityCountsHead } from '../../parts/severity-counts.tsx';
import './report.css';
import { Dash } from '../../parts/dash.tsx';

interface Step {
  readonly position: number;
  readonly entry: ImageDetails['history'][number];
  readonly sizeBytes: number | undefined;
  readonly isFromBase: boolean;
}

/** The command without the shell that a builder wraps it in; `#(nop)` marks one that ran nothing. */
export function readableCommand(createdBy: string): string {
  return createdBy
    .replace(/^\/bin\/sh -c #\(nop\)\s+/, '')
    .replace(/^\/bin\/sh -c /, 'RUN ')
    .trim();
}

function stepsOf(image: ImageDetails): readonly Step[] {
  if (image.history.length > 0) {
    const baseLayers = image.base?.layerCount ?? 0;
    return image.history.map((entry, position) => ({
      position,
      entry,
      sizeBytes: image.layers.find((layer) => layer.index === entry.layerIndex)?.sizeBytes,
      isFromBase: entry.layerIndex !== undefined && entry.layerIndex < baseLayers,
    }));
  }
  return [];
}

const columns: readonly Column<Step>[] = [
  {
    id: 'layer',
    label: 'Layer',
    align: 'right',
    cell: ({ entry, isFromBase }) => (
      <span className="pq-nowrap">
        {isFromBase && <span className="pq-dim">base </span>}
        {entry.layerIndex === undefined ? <Dash /> : entry.layerIndex + 1}
      </span>
    ),
  },
  {
    id: 'command',
    label: 'Command',
    grow: true,
    cell: ({ entry }) => (
      <span className="pq-command-cell" title={entry.createdBy}>
        {entry.createdBy === '' ? 'not recorded' : readableCommand(entry.createdBy)}
      </span>
    ),
  },
  {
    id: 'findings',
    label: 'Findings it brought',
    head: <SeverityCountsHead />,
    cell: ({ entry }) => (entry.emptyLayer ? null : <SeverityCounts counts={entry.findingCounts} />),
  },
  {
    id: 'size',
    label: 'Size',
    align: 'right',
    cell: ({ sizeBytes }) =>
      sizeBytes === undefined ? <Dash /> : <span className="pq-nowrap">{byteSize(sizeBytes)}</span>,
  },
  {
    id: 'created',
    label: 'Created',
    align: 'right',
    cell: ({ entry }) => <RelativeTime at={entry.createdAt} />,
  },
];

/** The commands that made the image, with the size of each layer and the findings it brought. */
export function BuildHistoryTab({ image }: { image: ImageDetails }) {
  return (
    <section className="pq-panel" aria-label="Build history">
      <DataTable
        name="Build history"
        columns={columns}
        rows={stepsOf(image)}
        rowKey={(step) => String(step.position)}
        empty={
          <EmptyNote title="No build history">The image’s config does not say how it was built.</EmptyNote>
        }
      />
    </section>
  );
}
