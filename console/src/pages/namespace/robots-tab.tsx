import { Button, Group, Switch } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { Namespace, Robot } from '../../api/answers.ts';
import { useChangeRobot, useDeleteRobot, useRobots } from '../../api/robots.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { LastUse } from '../../parts/secret-times.tsx';
import { CreateRobot } from './create-robot.tsx';
import { permissionInWords } from './robot-permissions.ts';
import { RobotSecrets } from './robot-secrets.tsx';
import './policy.css';

function EnabledSwitch({ namespace, robot }: { namespace: string; robot: Robot }) {
  const change = useChangeRobot(namespace);
  return (
    <Switch
      size="xs"
      aria-label={`${robot.login} may sign in`}
      checked={!robot.disabled}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ robot: robot.name, disabled: !event.currentTarget.checked })}
    />
  );
}

function columnsOf(options: {
  namespace: Namespace;
  onSecrets: (robot: Robot) => void;
  onDelete: (robot: Robot) => void;
}): readonly Column<Robot>[] {
  const { namespace, onSecrets, onDelete } = options;
  const mayChange = (robot: Robot) => namespace.role === 'admin' && robot.namespace !== null;
  return [
    {
      id: 'login',
      label: 'Robot',
      grow: true,
      cell: (robot) => (
        <span title={robot.description}>
          {robot.login} {robot.namespace === null && <span className="pq-dim">of the registry</span>}
        </span>
      ),
    },
    { id: 'may', label: 'May', cell: (robot) => permissionInWords(robot.permissions[0]?.permission) },
    {
      id: 'enabled',
      label: 'May sign in',
      cell: (robot) => {
        if (mayChange(robot)) return <EnabledSwitch namespace={namespace.name} robot={robot} />;
        return robot.disabled ? 'No' : 'Yes';
      },
    },
    { id: 'used', label: 'Last used', cell: (robot) => <LastUse at={robot.lastUsedAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (robot) =>
        mayChange(robot) && (
          <Group gap={6} justify="flex-end" wrap="nowrap">
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Secrets of ${robot.login}`}
              onClick={() => onSecrets(robot)}
            >
              {robot.secrets.length === 1 ? '1 secret' : `${robot.secrets.length} secrets`}
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Delete ${robot.login}`}
              onClick={() => onDelete(robot)}
            >
              Delete
            </Button>
          </Group>
        ),
    },
  ];
}

/** Accounts of machines that may do something in this namespace. */
export function RobotsTab({ namespace }: { namespace: Namespace }) {
  const robots = useRobots(namespace.name);
  const remove = useDeleteRobot(namespace.name);
  const [creating, setCreating] = useState(false);
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const [removed, setRemoved] = useState<Robot | undefined>(undefined);
  if (robots.error !== null && robots.data === undefined) {
    return <ErrorNote error={robots.error} onRetry={() => void robots.refetch()} />;
  }
  const shown = robots.data?.items.find(({ login }) => login === opened);
  return (
    <div className="pq-policy-main">
      {namespace.role === 'admin' && (
        <Group>
          <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
            Create robot
          </Button>
        </Group>
      )}
      <section className="pq-panel" aria-label="Robots">
        <DataTable
          name="Robots"
          columns={columnsOf({
            namespace,
            onSecrets: ({ login }) => setOpened(login),
            onDelete: setRemoved,
          })}
          rows={robots.data?.items}
          rowKey={(robot) => robot.login}
          empty={
            <EmptyNote title="No robots yet">
              Robots are accounts of machines, such as a CI: they sign in with secrets that can be rotated.
            </EmptyNote>
          }
        />
      </section>
      <CreateRobot namespace={namespace.name} opened={creating} onClose={() => setCreating(false)} />
      {shown !== undefined && (
        <RobotSecrets namespace={namespace.name} robot={shown} onClose={() => setOpened(undefined)} />
      )}
      <ConfirmDialog
        opened={removed !== undefined}
        title={`Delete ${removed?.login ?? ''}?`}
        confirmLabel="Delete robot"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoved(undefined)}
        onConfirm={() =>
          removed !== undefined && remove.mutate(removed.name, { onSuccess: () => setRemoved(undefined) })
        }
      >
        Its secrets end at once. What it pushed stays.
      </ConfirmDialog>
    </div>
  );
}
