import { PageHead } from '../layout/page-head.tsx';
import { EventTable } from './events/event-table.tsx';

/** Everything that was changed, refused or tried, in every namespace and none. */
export function EventsPage() {
  return (
    <>
      <PageHead title="Audit log" />
      <EventTable />
    </>
  );
}
