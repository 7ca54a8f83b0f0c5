import { useMemo } from 'react';
import { Link, useNavigate } from 'react-router';
import type { Image } from '../api/answers.ts';
import { type ImageQuery, useImages } from '../api/images.ts';
import { byteSize } from './byte-size.ts';
import { Dash } from './dash.tsx';
import type { Column } from './data-table.tsx';
import { DigestText, shortDigest } from './digest-text.tsx';
import { EmptyNote } from './empty-note.tsx';
import { given } from './given.ts';
import { ImageActions } from './image-actions.tsx';
import {
  ImageFilters,
  malwareOptions,
  secretOptions,
  severityOptions,
  stateOptions,
  verdictOptions,
} from './image-filters.tsx';
import { PagedTable } from './paged-table.tsx';
import { loginCommand, pushCommand } from './push-command.ts';
import { RelativeTime } from './relative-time.tsx';
import { ScanState } from './scan-state.tsx';
import { SeverityCounts, SeverityCountsHead } from './severity-counts.tsx';
import { totalOf } from './severity-order.ts';
import { UnsureMark } from './unsure-mark.tsx';
import { oneOf, type SearchState } from './use-search-state.ts';
import { VerdictMark } from './verdict-mark.tsx';

const pageSize = 50;
const sorts = [
  '-pushedAt',
  'pushedAt',
  '-severity',
  'severity',
  'repository',
  '-repository',
  'size',
  '-size',
] as const;

function valuesOf<Value extends string>(options: readonly { readonly value: Value }[]): readonly Value[] {
  return options.map((option) => option.value);
}

function imageQuery(
  state: SearchState,
  { namespace, holds }: { namespace: string | undefined; holds: string | undefined },
): ImageQuery {
  return given({
    namespace,
    holds,
    limit: pageSize,
    cursor: state.get('cursor'),
    q: state.get('q'),
    state: oneOf(state.get('state'), valuesOf(stateOptions)),
    severity: oneOf(state.get('severity'), valuesOf(severityOptions)),
    malware: oneOf(state.get('malware'), valuesOf(malwareOptions)),
    secrets: oneOf(state.get('secrets'), valuesOf(secretOptions)),
    verdict: oneOf(state.get('verdict'), valuesOf(verdictOptions)),
    sort: oneOf(state.get('sort'), sorts),
  });
}

/** What tells images of one tag apart: the architecture, or that it is no image. */
function variety(image: Image): string | undefined {
  return image.kind === 'image' ? image.platform?.architecture : image.kind;
}

function NameCell({ image, withNamespace }: { image: Image; withNamespace: boolean }) {
  const path = withNamespace ? `${image.namespace}/${image.repository}` : image.repository;
  const [first, ...more] = image.tags;
  const name =
    first === undefined ? `${path}@${shortDigest(image.digest).replace('sha256:', '')}` : `${path}:${first}`;
  return (
    <>
      <Link
        to={`/images/${image.id}`}
        title={image.tags.map((tag) => `${path}:${tag}`).join('\n') || image.digest}
      >
        {name}
      </Link>
      <span className="pq-dim">
        {more.length > 0 && ` +${more.length}`} {variety(image)}
      </span>
    </>
  );
}

/** None is shown only where all was looked at. */
function FoundCount({ counts, state }: Pick<Image['secrets'], 'counts' | 'state'>) {
  const found = counts === null ? 0 : totalOf(counts);
  if (found > 0) return <strong>{found}</strong>;
  if (counts === null) return <Dash />;
  return state === 'incomplete' ? <UnsureMark>0</UnsureMark> : <>0</>;
}

function columnsOf(withNamespace: boolean): readonly Column<Image>[] {
  return [
    {
      id: 'name',
      label: 'Image',
      sortKey: 'repository',
      grow: true,
      cell: (image) => <NameCell image={image} withNamespace={withNamespace} />,
    },
    { id: 'verdict', label: 'A pull is', cell: (image) => <VerdictMark image={image} /> },
    { id: 'state', label: 'Scan', cell: (image) => <ScanState image={image} /> },
    {
      id: 'findings',
      label: 'Findings',
      head: <SeverityCountsHead />,
      cell: (image) => (image.severity === null ? <Dash /> : <SeverityCounts counts={image.severity} />),
    },
    {
      id: 'malware',
      label: 'Malware',
      align: 'right',
      cell: ({ malware: { counts, state } }) => <FoundCount counts={counts} state={state} />,
    },
    {
      id: 'secrets',
      label: 'Secrets',
      align: 'right',
      cell: ({ secrets: { counts, state } }) => <FoundCount counts={counts} state={state} />,
    },
    {
      id: 'fixable',
      label: 'Fixable',
      align: 'right',
      cell: (image) => image.severity?.fixable ?? <Dash />,
    },
    {
      id: 'digest',
      label: 'Digest',
      isOptional: true,
      cell: (image) => <DigestText digest={image.digest} bare />,
    },
    {
      id: 'size',
      label: 'Size',
      align: 'right',
      sortKey: '-size',
      cell: (image) => <span className="pq-nowrap">{byteSize(image.sizeBytes)}</span>,
    },
    {
      id: 'pushed',
      label: 'Pushed',
      align: 'right',
      sortKey: '-pushedAt',
      cell: (image) => <RelativeTime at={image.pushedAt} />,
    },
    {
      id: 'actions',
      label: 'Actions',
      align: 'right',
      head: '',
      cell: (image) => <ImageActions image={image} compact />,
    },
  ];
}

/** Images with filters, sort and page in the address; refreshes by itself while something is being scanned. */
export function ImageTable({
  state,
  namespace,
  holds,
}: {
  state: SearchState;
  namespace?: string;
  /** Only images with what this search finds. */
  holds?: string;
}) {
  const navigate = useNavigate();
  const query = imageQuery(state, { namespace, holds });
  const images = useImages(query);
  const columns = useMemo(() => columnsOf(namespace === undefined), [namespace]);
  const filtered =
    holds !== undefined ||
    ['q', 'state', 'severity', 'malware', 'secrets', 'verdict', 'cursor'].some(
      (name) => state.get(name) !== undefined,
    );
  return (
    <PagedTable
      name="Images"
      list={images}
      state={state}
      pageSize={pageSize}
      noun="images"
      filters={<ImageFilters state={state} />}
      chooseColumns
      columns={columns}
      rowKey={(image) => String(image.id)}
      onRow={(image) => void navigate(`/images/${image.id}`)}
      changeKey={(image) => `${image.scan.state} ${image.verdict.kind}`}
      sort={{ state, default: '-pushedAt' }}
      empty={
        filtered ? (
          <EmptyNote title="No image matches these filters">
            Take one of the filters away to see more.
          </EmptyNote>
        ) : (
          <EmptyNote title="No images yet" command={pushCommand(namespace ?? 'demo')}>
            What is pushed here is inspected and judged. Sign in with <code>{loginCommand()}</code> first.
          </EmptyNote>
        )
      }
    />
  );
}
