import { Button, Group, Switch } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Robot } from '../../api/answers.ts';
import { type RobotHome, useChangeRobot, useDeleteRobot, useRobots } from '../../api/robots.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { counted } from '../../parts/counted.ts';
import type { Column } from '../../parts/data-table.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { LastUse } from '../../parts/secret-times.tsx';
import { WholeTable } from '../../parts/whole-table.tsx';
import { ChangeGrants } from './change-grants.tsx';
import { grantsInWords, permissionInWords } from './robot-permissions.ts';
import { RobotSecrets } from './robot-secrets.tsx';

function EnabledSwitch({ home, robot }: { home: RobotHome; robot: Robot }) {
  const change = useChangeRobot(home);
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

interface Shown {
  readonly robot: Robot;
  readonly what: 'secrets' | 'permissions' | 'deletion';
}

function RobotActions({ robot, onShow }: { robot: Robot; onShow: (shown: Shown) => void }) {
  const { login, secrets } = robot;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      {robot.namespace === null && (
        <RowAction label="Permissions" of={login} onClick={() => onShow({ robot, what: 'permissions' })} />
      )}
      <Button
        variant="default"
        size="compact-xs"
        aria-label={`Secrets of ${login}`}
        onClick={() => onShow({ robot, what: 'secrets' })}
      >
        {counted(secrets.length, 'secrets')}
      </Button>
      <RowAction label="Delete" of={login} onClick={() => onShow({ robot, what: 'deletion' })} />
    </Group>
  );
}

function columnsOf(options: {
  home: RobotHome;
  mayChange: (robot: Robot) => boolean;
  onShow: (shown: Shown) => void;
}): readonly Column<Robot>[] {
  const { home, mayChange, onShow } = options;
  return [
    {
      id: 'login',
      label: 'Robot',
      cell: (robot) => (
        <span className="pq-nowrap" title={robot.description}>
          {robot.login}{' '}
          {home !== null && robot.namespace === null && <span className="pq-dim">of the registry</span>}
        </span>
      ),
    },
    {
      id: 'may',
      label: 'May',
      grow: true,
      cell: ({ permissions }) => {
        const words =
          home === null ? grantsInWords(permissions) : permissionInWords(permissions[0]?.permission);
        return <span title={words}>{words}</span>;
      },
    },
    {
      id: 'enabled',
      label: 'May sign in',
      cell: (robot) => {
        if (mayChange(robot)) return <EnabledSwitch home={home} robot={robot} />;
        return robot.disabled ? 'No' : 'Yes';
      },
    },
    { id: 'used', label: 'Last used', cell: (robot) => <LastUse at={robot.lastUsedAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (robot) => mayChange(robot) && <RobotActions robot={robot} onShow={onShow} />,
    },
  ];
}

/** Robots of a namespace or the registry; those who may change them disable, rotate and delete them here. */
export function RobotList({
  home,
  mayChange,
  empty,
}: {
  home: RobotHome;
  mayChange: (robot: Robot) => boolean;
  empty: ReactNode;
}) {
  const robots = useRobots(home);
  const remove = useDeleteRobot(home);
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const close = () => setShown(undefined);
  // As it is now: its list of secrets changes while it is open.
  const robot = robots.data?.items.find(({ login }) => login === shown?.robot.login);
  return (
    <>
      <WholeTable
        name="Robots"
        list={robots}
        columns={columnsOf({ home, mayChange, onShow: setShown })}
        rowKey={({ login }) => login}
        empty={empty}
      />
      {robot !== undefined && shown?.what === 'secrets' && (
        <RobotSecrets home={home} robot={robot} onClose={close} />
      )}
      {robot !== undefined && shown?.what === 'permissions' && <ChangeGrants robot={robot} onClose={close} />}
      <ConfirmDialog
        opened={shown?.what === 'deletion'}
        title={`Delete ${shown?.robot.login ?? ''}?`}
        confirmLabel="Delete robot"
        pending={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => shown !== undefined && remove.mutate(shown.robot.name, { onSuccess: close })}
      >
        Its secrets end at once. What it pushed stays.
      </ConfirmDialog>
    </>
  );
}
