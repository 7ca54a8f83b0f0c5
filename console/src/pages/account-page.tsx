import { Button } from '@mantine/core';
import type { OpenSession } from '../api/answers.ts';
import { useEndSession, useSession, useSessions } from '../api/session.ts';
import { PageHead } from '../layout/page-head.tsx';
import type { Column } from '../parts/data-table.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { RowAction } from '../parts/row-action.tsx';
import { LastUse } from '../parts/secret-times.tsx';
import { WholeTable } from '../parts/whole-table.tsx';
import { OwnPassword } from './account/own-password.tsx';
import './namespace/policy.css';

function columnsOf(onEnd: (session: OpenSession) => void): readonly Column<OpenSession>[] {
  return [
    {
      id: 'client',
      label: 'Signed in from',
      grow: true,
      cell: (session) => <span title={session.client ?? ''}>{session.client ?? 'unknown'}</span>,
    },
    { id: 'created', label: 'Signed in', cell: (session) => <RelativeTime at={session.createdAt} /> },
    { id: 'used', label: 'Last used', cell: (session) => <LastUse at={session.lastUsedAt} /> },
    { id: 'ends', label: 'Ends', cell: (session) => <RelativeTime at={session.expiresAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (session) =>
        session.isCurrent ? (
          <span className="pq-dim">this one</span>
        ) : (
          <RowAction label="End" of={`session ${session.id}`} onClick={() => onEnd(session)} />
        ),
    },
  ];
}

/** One's own password, and where one is signed in. */
export function AccountPage() {
  const session = useSession();
  const sessions = useSessions();
  const end = useEndSession();
  const others = sessions.data?.items.filter(({ isCurrent }) => !isCurrent).length ?? 0;
  const everywhere = (
    <Button
      variant="default"
      disabled={others === 0}
      loading={end.isPending}
      onClick={() => end.mutate('others')}
    >
      Sign out everywhere else
    </Button>
  );
  return (
    <>
      <PageHead title="Your account" actions={everywhere} />
      <div className="pq-policy-main">
        <OwnPassword accountName={session.data?.account.name ?? ''} />
        {end.error !== null && <ErrorNote error={end.error} />}
        <WholeTable
          name="Sessions"
          list={sessions}
          columns={columnsOf(({ id }) => end.mutate(id))}
          rowKey={({ id }) => String(id)}
          empty={null}
        />
      </div>
    </>
  );
}
