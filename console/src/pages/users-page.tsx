import { Group, Switch } from '@mantine/core';
import { useState } from 'react';
import type { User } from '../api/answers.ts';
import { useSession } from '../api/session.ts';
import { useChangeUser, useDeleteUser, useEndSessionsOf, useUsers } from '../api/users.ts';
import { PageHead } from '../layout/page-head.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { counted } from '../parts/counted.ts';
import { CreateButton } from '../parts/create-button.tsx';
import type { Column } from '../parts/data-table.tsx';
import { given } from '../parts/given.ts';
import { RelativeTime } from '../parts/relative-time.tsx';
import { RowAction } from '../parts/row-action.tsx';
import { WholeTable } from '../parts/whole-table.tsx';
import { CreateUser } from './users/create-user.tsx';
import { SetPassword } from './users/set-password.tsx';
import { UserTokens } from './users/user-tokens.tsx';

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

interface Shown {
  readonly user: User;
  readonly what: 'password' | 'tokens' | 'sessions' | 'deletion';
}

function columnsOf(self: string, onShow: (shown: Shown) => void): readonly Column<User>[] {
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
          <Group gap={6} justify="flex-end" wrap="nowrap">
            <RowAction
              label="Set password"
              of={`of ${user.name}`}
              onClick={() => onShow({ user, what: 'password' })}
            />
            <RowAction
              label="Access tokens"
              of={`of ${user.name}`}
              onClick={() => onShow({ user, what: 'tokens' })}
            />
            <RowAction label="Sign out" of={user.name} onClick={() => onShow({ user, what: 'sessions' })} />
            <RowAction label="Delete" of={user.name} onClick={() => onShow({ user, what: 'deletion' })} />
          </Group>
        ),
    },
  ];
}

function sentenceOf(users: readonly User[] | undefined): string | undefined {
  if (users === undefined) return undefined;
  const admins = users.filter((user) => user.isAdmin).length;
  return `${counted(users.length, 'accounts')}, ${admins} of them ${admins === 1 ? 'a system admin' : 'system admins'}.`;
}

/** The accounts of this installation. */
export function UsersPage() {
  const users = useUsers();
  const session = useSession();
  const remove = useDeleteUser();
  const signOut = useEndSessionsOf();
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const close = () => setShown(undefined);
  return (
    <>
      <PageHead
        title="Users"
        actions={<CreateButton label="Create user">{(dialog) => <CreateUser {...dialog} />}</CreateButton>}
        {...given({ verdict: sentenceOf(users.data?.items) })}
      />
      <WholeTable
        name="Users"
        list={users}
        columns={columnsOf(session.data?.account.name ?? '', setShown)}
        rowKey={(user) => user.name}
        empty={null}
      />
      {shown?.what === 'tokens' && <UserTokens user={shown.user} onClose={close} />}
      {shown?.what === 'password' && <SetPassword user={shown.user} onClose={close} />}
      <ConfirmDialog
        opened={shown?.what === 'sessions'}
        title={`Sign ${shown?.user.name ?? ''} out?`}
        confirmLabel="Sign out"
        pending={signOut.isPending}
        error={signOut.error}
        onClose={close}
        onConfirm={() => shown !== undefined && signOut.mutate(shown.user.name, { onSuccess: close })}
      >
        Every session ends at once. Access tokens go on until they are revoked.
      </ConfirmDialog>
      <ConfirmDialog
        opened={shown?.what === 'deletion'}
        title={`Delete ${shown?.user.name ?? ''}?`}
        confirmLabel="Delete user"
        pending={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => shown !== undefined && remove.mutate(shown.user.name, { onSuccess: close })}
      >
        Their sessions and roles end at once. What they pushed stays.
      </ConfirmDialog>
    </>
  );
}
