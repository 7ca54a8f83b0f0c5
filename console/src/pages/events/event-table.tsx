import type { AuditEvent } from '../../api/answers.ts';
import { useEvents } from '../../api/namespaces.ts';
import { Choice } from '../../parts/choice.tsx';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { shortDigest } from '../../parts/digest-text.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { eventDetailsInWords, eventKindInWords, eventKinds } from './event-in-words.ts';

const pageSize = 50;

/** `web/alpine@sha256:4a6ad772…6c11`: a digest in it cut in the middle. */
function shortSubject(subject: string): string {
  return subject.replace(/sha256:[0-9a-f]{64}/g, shortDigest);
}

const columns: readonly Column<AuditEvent>[] = [
  { id: 'at', label: 'When', cell: (event) => <RelativeTime at={event.at} /> },
  {
    id: 'kind',
    label: 'What',
    cell: (event) => (
      <span className="pq-nowrap" title={event.kind}>
        {eventKindInWords(event.kind)}
      </span>
    ),
  },
  { id: 'actor', label: 'Who', cell: (event) => event.actor },
  {
    id: 'subject',
    label: 'To what',
    cell: (event) => (
      <span className="pq-mono" title={event.subject}>
        {shortSubject(event.subject)}
      </span>
    ),
  },
  {
    id: 'details',
    label: 'Details',
    grow: true,
    cell: (event) => <span title={eventDetailsInWords(event)}>{eventDetailsInWords(event)}</span>,
  },
  {
    id: 'client',
    label: 'From',
    cell: (event) => (
      <span className="pq-dim" title={event.client ?? ''}>
        {event.client?.slice(0, 24) ?? '—'}
      </span>
    ),
  },
  { id: 'id', label: 'Event', align: 'right', cell: (event) => <span className="pq-dim">{event.id}</span> },
];

const allColumns: readonly Column<AuditEvent>[] = columns.toSpliced(3, 0, {
  id: 'namespace',
  label: 'Namespace',
  cell: ({ namespace }) => namespace ?? <Dash />,
});

/** The audit log of a namespace, or of the whole registry, newest first. */
export function EventTable({ namespace }: { namespace?: string }) {
  const state = useSearchState();
  const [kind, actor, subject] = [state.get('kind'), state.get('actor'), state.get('subject')];
  const events = useEvents(namespace, given({ kind, actor, subject, cursor: state.get('cursor') }));
  const isFiltered = kind !== undefined || actor !== undefined || subject !== undefined;
  return (
    <PagedTable
      name="Events"
      list={events}
      state={state}
      pageSize={pageSize}
      noun="events"
      chooseColumns
      columns={namespace === undefined ? allColumns : columns}
      rowKey={(event) => String(event.id)}
      filters={
        <>
          <Choice label="Kind of event" any="Every kind" options={eventKinds} state={state} param="kind" />
          <SearchBox label="Who" placeholder="Who, the whole name" state={state} param="actor" />
          <SearchBox
            label="To what"
            placeholder="A part of what it happened to"
            state={state}
            param="subject"
          />
        </>
      }
      empty={
        isFiltered ? (
          <EmptyNote title="No event matches these filters" />
        ) : (
          <EmptyNote title="Nothing has happened yet">
            Refused and warned pulls, denied rights and every change stand here.
          </EmptyNote>
        )
      }
    />
  );
}
