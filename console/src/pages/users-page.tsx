import { Button, Switch } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { User } from '../api/answers.ts';
import { useSession } from '../api/session.ts';
import { useChangeUser, useDeleteUser, useUsers } from '../api/users.ts';
import { PageHead } from '../layout/page-head.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { given } from '../parts/given.ts';
import { RelativeTime } from '../parts/relative-time.tsx';
import { CreateUser } from './users/create-user.tsx';

function AdminSwitch({ user }: { user: User }) {
  const change = useChangeUser();
  return (
    <Switch
      size="xs"
      aria-label={`${user.name} is a system admin`}
      checked={user.isAdmin}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ name: user.name, isAdmin: event.currentTarget.checked })}
    />
  );
}

function DisabledSwitch({ user }: { user: User }) {
  const change = useChangeUser();
  return (
    <Switch
      size="xs"
      aria-label={`${user.name} may sign in`}
      checked={!user.disabled}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ name: user.name, disabled: !event.currentTarget.checked })}
    />
  );
}

function columnsOf(self: string, onDelete: (user: User) => void): readonly Column<User>[] {
  return [
    {
      id: 'name',
      label: 'User',
      grow: true,
      cell: (user) => (
        <>
          {user.name} {user.name === self && <span className="pq-dim">you</span>}
        </>
      ),
    },
    {
      id: 'admin',
      label: 'System admin',
      cell: (user) => (user.name === self ? 'Yes' : <AdminSwitch user={user} />),
    },
    {
      id: 'enabled',
      label: 'May sign in',
      cell: (user) => (user.name === self ? 'Yes' : <DisabledSwitch user={user} />),
    },
    { id: 'created', label: 'Created', align: 'right', cell: (user) => <RelativeTime at={user.createdAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (user) =>
        user.name !== self && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Delete ${user.name}`}
            onClick={() => onDelete(user)}
          >
            Delete
          </Button>
        ),
    },
  ];
}

function sentenceOf(users: readonly User[] | undefined): string | undefined {
  if (users === undefined) return undefined;
  const admins = users.filter((user) => user.isAdmin).length;
  const accounts = users.length === 1 ? '1 account' : `${users.length} accounts`;
  return `${accounts}, ${admins} of them ${admins === 1 ? 'a system admin' : 'system admins'}.`;
}

/** The accounts of this installation. */
export function UsersPage() {
  const users = useUsers();
  const session = useSession();
  const remove = useDeleteUser();
  const [creating, setCreating] = useState(false);
  const [removed, setRemoved] = useState<User | undefined>(undefined);
  const create = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      Create user
    </Button>
  );
  return (
    <>
      <PageHead title="Users" actions={create} {...given({ verdict: sentenceOf(users.data?.items) })} />
      <CreateUser opened={creating} onClose={() => setCreating(false)} />
      {users.error !== null && users.data === undefined ? (
        <ErrorNote error={users.error} onRetry={() => void users.refetch()} />
      ) : (
        <section className="pq-panel" aria-label="Users">
          <DataTable
            name="Users"
            columns={columnsOf(session.data?.account.name ?? '', setRemoved)}
            rows={users.data?.items}
            rowKey={(user) => user.name}
            empty={null}
          />
        </section>
      )}
      <ConfirmDialog
        opened={removed !== undefined}
        title={`Delete ${removed?.name ?? ''}?`}
        confirmLabel="Delete user"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoved(undefined)}
        onConfirm={() =>
          removed !== undefined && remove.mutate(removed.name, { onSuccess: () => setRemoved(undefined) })
        }
      >
        Their sessions and roles end at once. What they pushed stays.
      </ConfirmDialog>
    </>
  );
}
