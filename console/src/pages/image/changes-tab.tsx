import { Link } from 'react-router';
import type { FindingChange, ImageDetails } from '../../api/answers.ts';
import { useFindingChanges } from '../../api/finding-changes.ts';
import { Choice } from '../../parts/choice.tsx';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { findingKey } from '../../parts/finding-key.ts';
import { FixedIn } from '../../parts/fixed-in.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { oneOf, type SearchState, useSearchState } from '../../parts/use-search-state.ts';
import { revisionOf } from './revision-of.ts';

const pageSize = 50;

type Change = FindingChange['change'];

const words: Readonly<Record<Change, string>> = {
  added: 'New',
  removed: 'No longer reported',
  'severity-changed': 'Severity changed',
  'became-fixable': 'Fix available',
  'known-exploited': 'Known exploited',
};
// Its own keys; a record of changes has no others.
const changes = Object.keys(words) as Change[];

function columnsOf(state: SearchState): readonly Column<FindingChange>[] {
  return [
    { id: 'at', label: 'When', cell: (row) => <RelativeTime at={row.at} /> },
    { id: 'change', label: 'Change', cell: (row) => words[row.change] },
    {
      id: 'id',
      label: 'Vulnerability',
      cell: (row) => (
        <Link
          className="pq-nowrap"
          to={state.link({ finding: findingKey(row) })}
          title={row.aliases.join('\n')}
        >
          {row.id}
        </Link>
      ),
    },
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
    { id: 'package', label: 'Package', cell: (row) => row.package.name },
    {
      id: 'version',
      label: 'Installed',
      grow: true,
      cell: (row) => <span className="pq-mono">{row.package.version}</span>,
    },
    {
      id: 'fixed',
      label: 'Fixed in',
      cell: (row) =>
        row.fixedVersion === null ? (
          <Dash />
        ) : (
          <FixedIn version={row.fixedVersion} source={row.fixedSource} />
        ),
    },
  ];
}

function Nothing({ image, filtered }: { image: ImageDetails; filtered: boolean }) {
  if (filtered) return <EmptyNote title="No change matches this filter" />;
  if (image.severity === null) return <EmptyNote title="This image has not been judged yet" />;
  return (
    <EmptyNote title="Nothing has changed since this image was first judged">
      New, changed and withdrawn advisories act on it without another scan. What they change is listed here.
    </EmptyNote>
  );
}

/** What new advisories changed for the image since it was first judged, without a scan. */
export function ChangesTab({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const change = oneOf(state.get('change'), changes);
  const list = useFindingChanges({
    id: image.id,
    revision: revisionOf(image),
    query: given({ limit: pageSize, cursor: state.get('cursor'), change }),
  });
  return (
    <PagedTable
      name="Changes"
      list={list}
      state={state}
      pageSize={pageSize}
      noun="changes"
      filters={
        <Choice
          state={state}
          param="change"
          label="Change"
          any="Any change"
          options={changes.map((value) => ({ value, label: words[value] }))}
        />
      }
      columns={columnsOf(state)}
      rowKey={(row) =>
        [row.at, row.change, row.id, row.package.ecosystem, row.package.name, row.package.version].join(' ')
      }
      isOpen={(row) => state.get('finding') === findingKey(row)}
      onRow={(row) => state.set({ finding: findingKey(row) }, { keepPage: true })}
      empty={<Nothing image={image} filtered={change !== undefined} />}
    />
  );
}
