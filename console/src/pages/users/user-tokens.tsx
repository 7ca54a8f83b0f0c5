import { Modal } from '@mantine/core';
import { useState } from 'react';
import { useAccessTokensOf, useRevokeAccessTokenOf } from '../../api/access-tokens.ts';
import type { AccessToken, User } from '../../api/answers.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { tokenColumns } from '../../parts/token-columns.tsx';
import { WholeTable } from '../../parts/whole-table.tsx';

/** What signs in for a user besides the password, for an admin to revoke. */
export function UserTokens({ user, onClose }: { user: User; onClose: () => void }) {
  const tokens = useAccessTokensOf(user.name);
  const revoke = useRevokeAccessTokenOf(user.name);
  const [revoked, setRevoked] = useState<AccessToken | undefined>(undefined);
  const close = () => setRevoked(undefined);
  return (
    <Modal opened onClose={onClose} title={`Access tokens of ${user.name}`} size="xl" centered>
      <WholeTable
        name={`Access tokens of ${user.name}`}
        list={tokens}
        columns={tokenColumns(setRevoked)}
        rowKey={(token) => String(token.id)}
        empty={<p className="pq-dim">{user.name} has none.</p>}
      />
      <ConfirmDialog
        opened={revoked !== undefined}
        title={`Revoke ${revoked?.name ?? ''} of ${user.name}?`}
        confirmLabel="Revoke token"
        pending={revoke.isPending}
        error={revoke.error}
        onClose={close}
        onConfirm={() => revoked !== undefined && revoke.mutate(revoked.id, { onSuccess: close })}
      >
        Whatever uses it is signed out at once.
      </ConfirmDialog>
    </Modal>
  );
}
