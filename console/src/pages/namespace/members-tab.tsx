import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Member, Namespace, Role } from '../../api/answers.ts';
import { useMembers, useRemoveMember, useSetMember } from '../../api/members.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { oneOf } from '../../parts/use-search-state.ts';
import { WholeTable } from '../../parts/whole-table.tsx';
import './policy.css';

const roles = ['admin', 'maintainer', 'developer', 'auditor', 'guest'] as const;

const roleOptions = [
  { value: 'admin', label: 'Admin: policy, members, allowlist' },
  { value: 'maintainer', label: 'Maintainer: push, delete, scan' },
  { value: 'developer', label: 'Developer: push, pull, scan' },
  { value: 'auditor', label: 'Auditor: read all, accept risks' },
  { value: 'guest', label: 'Guest: pull, read' },
];

function AddMember({ namespace }: { namespace: string }) {
  const add = useSetMember(namespace);
  const [user, setUser] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate({ user: user.trim(), role }, { onSuccess: () => setUser('') });
  };
  return (
    <form className="pq-panel pq-policy-panel" aria-label="Add member" onSubmit={submit}>
      <div className="pq-fields">
        <TextInput
          label="User"
          w={220}
          required
          withAsterisk={false}
          autoComplete="off"
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
        />
        <NativeSelect
          label="Role"
          w={270}
          data={roleOptions}
          value={role}
          onChange={(event) => setRole(oneOf(event.currentTarget.value, roles) ?? 'guest')}
        />
        <Button type="submit" size="sm" loading={add.isPending}>
          Add member
        </Button>
      </div>
      {add.error !== null && <ErrorNote error={add.error} />}
    </form>
  );
}

function RoleChoice({ namespace, member }: { namespace: string; member: Member }) {
  const change = useSetMember(namespace);
  return (
    <NativeSelect
      size="xs"
      w={260}
      aria-label={`Role of ${member.user}`}
      data={roleOptions}
      value={member.role}
      disabled={change.isPending}
      onChange={(event) => {
        const role = oneOf(event.currentTarget.value, roles);
        if (role !== undefined) change.mutate({ user: member.user, role });
      }}
    />
  );
}

function columnsOf(namespace: Namespace, onRemove: (member: Member) => void): readonly Column<Member>[] {
  const mayChange = namespace.role === 'admin';
  return [
    { id: 'user', label: 'User', grow: true, cell: (member) => member.user },
    {
      id: 'role',
      label: 'Role',
      cell: (member) => (mayChange ? <RoleChoice namespace={namespace.name} member={member} /> : member.role),
    },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (member) =>
        mayChange && <RowAction label="Remove" of={member.user} onClick={() => onRemove(member)} />,
    },
  ];
}

/** Who may do what in this namespace. */
export function MembersTab({ namespace }: { namespace: Namespace }) {
  const members = useMembers(namespace.name);
  const remove = useRemoveMember(namespace.name);
  const [removed, setRemoved] = useState<Member | undefined>(undefined);
  return (
    <div className="pq-policy-main">
      {namespace.role === 'admin' && <AddMember namespace={namespace.name} />}
      <WholeTable
        name="Members"
        list={members}
        columns={columnsOf(namespace, setRemoved)}
        rowKey={(member) => member.user}
        empty={
          <EmptyNote title="No members yet">
            System admins may do everything here; everybody else needs a role.
          </EmptyNote>
        }
      />
      <ConfirmDialog
        opened={removed !== undefined}
        title={`Remove ${removed?.user ?? ''}?`}
        confirmLabel="Remove member"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoved(undefined)}
        onConfirm={() =>
          removed !== undefined && remove.mutate(removed.user, { onSuccess: () => setRemoved(undefined) })
        }
      >
        They lose the role {removed?.role} in {namespace.name} at once.
      </ConfirmDialog>
    </div>
  );
}
