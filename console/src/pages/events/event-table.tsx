import type { AuditEvent } from '../../api/answers.ts';
import { useEvents } from '../../api/namespaces.ts';
import { Choice } from '../../parts/choice.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { shortDigest } from '../../parts/digest-text.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { given } from '../../parts/given.ts';
import { PageTurner } from '../../parts/page-turner.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
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

/** The audit log of the namespace, newest first. */
export function EventsTab({ namespace }: { namespace: string }) {
  const state = useSearchState();
  const events = useEvents({ namespace, ...given({ kind: state.get('kind'), cursor: state.get('cursor') }) });
  if (events.error !== null && events.data === undefined) {
    return <ErrorNote error={events.error} onRetry={() => void events.refetch()} />;
  }
  return (
    <section className="pq-panel" aria-label="Events">
      <search className="pq-filters pq-no-print">
        <Choice
          label="Kind of event"
          any="Every kind"
          options={eventKinds}
          value={state.get('kind')}
          onChange={(kind) => state.set({ kind })}
        />
      </search>
      <DataTable
        name="Events"
        chooseColumns
        columns={columns}
        rows={events.data?.items}
        rowKey={(event) => String(event.id)}
        empty={
          <EmptyNote title="Nothing has happened yet">
            Refused and warned pulls and every change stand here.
          </EmptyNote>
        }
      />
      {events.data !== undefined && (
        <PageTurner
          state={state}
          shown={events.data.items.length}
          total={events.data.total}
          pageSize={pageSize}
          nextCursor={events.data.nextCursor}
          noun="events"
        />
      )}
    </section>
  );
}
