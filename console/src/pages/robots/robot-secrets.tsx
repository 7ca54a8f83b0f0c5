import { Button, Group, Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import type { Robot, RobotSecret } from '../../api/answers.ts';
import { type RobotHome, useCreateRobotSecret, useRevokeRobotSecret } from '../../api/robots.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { ExpiryChoice, expiryOf } from '../../parts/expiry-choice.tsx';
import { LoginSecretOnce } from '../../parts/login-secret-once.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { LastUse, SecretExpiry } from '../../parts/secret-times.tsx';

function columnsOf(onRevoke: (secret: RobotSecret) => void): readonly Column<RobotSecret>[] {
  return [
    { id: 'name', label: 'Secret', grow: true, cell: (secret) => secret.name },
    { id: 'used', label: 'Last used', cell: (secret) => <LastUse at={secret.lastUsedAt} /> },
    { id: 'expires', label: 'Expires', cell: (secret) => <SecretExpiry {...secret} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (secret) => <RowAction label="Revoke" of={secret.name} onClick={() => onRevoke(secret)} />,
    },
  ];
}

/** The secrets of one robot: rotate by making another, moving to it and revoking the old one. */
export function RobotSecrets({
  home,
  robot,
  onClose,
}: {
  home: RobotHome;
  robot: Robot;
  onClose: () => void;
}) {
  const create = useCreateRobotSecret(home, robot.name);
  const revoke = useRevokeRobotSecret(home, robot.name);
  const [days, setDays] = useState('90');
  const [revoked, setRevoked] = useState<RobotSecret | undefined>(undefined);
  return (
    <Modal opened onClose={onClose} title={`Secrets of ${robot.login}`} size="lg" centered>
      {create.data !== undefined ? (
        <LoginSecretOnce login={robot.login} secret={create.data.secret} onClose={() => create.reset()} />
      ) : (
        <Stack gap="md">
          <DataTable
            name="Robot secrets"
            columns={columnsOf(setRevoked)}
            rows={robot.secrets}
            rowKey={(secret) => String(secret.id)}
            empty={<p className="pq-dim">It has no secret, and cannot sign in.</p>}
          />
          <Group align="flex-end" gap="xs">
            <ExpiryChoice value={days} onChange={setDays} />
            <Button size="sm" loading={create.isPending} onClick={() => create.mutate(expiryOf(days))}>
              Create another secret
            </Button>
          </Group>
          {create.error !== null && <ErrorNote error={create.error} />}
        </Stack>
      )}
      <ConfirmDialog
        opened={revoked !== undefined}
        title={`Revoke ${revoked?.name ?? ''}?`}
        confirmLabel="Revoke secret"
        pending={revoke.isPending}
        error={revoke.error}
        onClose={() => setRevoked(undefined)}
        onConfirm={() =>
          revoked !== undefined && revoke.mutate(revoked.id, { onSuccess: () => setRevoked(undefined) })
        }
      >
        Whatever still uses it is signed out at once.
      </ConfirmDialog>
    </Modal>
  );
}
