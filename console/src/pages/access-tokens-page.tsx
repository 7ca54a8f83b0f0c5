import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useAccessTokens, useRevokeAccessToken } from '../api/access-tokens.ts';
import type { AccessToken } from '../api/answers.ts';
import { useSession } from '../api/session.ts';
import { PageHead } from '../layout/page-head.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import type { Column } from '../parts/data-table.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { given } from '../parts/given.ts';
import { RelativeTime } from '../parts/relative-time.tsx';
import { RowAction } from '../parts/row-action.tsx';
import { LastUse, SecretExpiry } from '../parts/secret-times.tsx';
import { WholeTable } from '../parts/whole-table.tsx';
import { CreateAccessToken } from './access-tokens/create-access-token.tsx';

function columnsOf(onRevoke: (token: AccessToken) => void): readonly Column<AccessToken>[] {
  return [
    { id: 'name', label: 'Token', grow: true, cell: (token) => token.name },
    { id: 'scope', label: 'Scope', cell: (token) => (token.scope === 'full' ? 'Full' : 'Read-only') },
    { id: 'used', label: 'Last used', cell: (token) => <LastUse at={token.lastUsedAt} /> },
    { id: 'expires', label: 'Expires', cell: (token) => <SecretExpiry {...token} /> },
    { id: 'created', label: 'Created', cell: (token) => <RelativeTime at={token.createdAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (token) => <RowAction label="Revoke" of={token.name} onClick={() => onRevoke(token)} />,
    },
  ];
}

function sentenceOf(tokens: readonly AccessToken[] | undefined): string | undefined {
  if (tokens === undefined || tokens.length === 0) return undefined;
  const live = tokens.filter((token) => !token.expired).length;
  return live === 1 ? '1 token signs in as you.' : `${live} tokens sign in as you.`;
}

/** What signs in for the account besides its password. */
export function AccessTokensPage() {
  const tokens = useAccessTokens();
  const session = useSession();
  const revoke = useRevokeAccessToken();
  const [creating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<AccessToken | undefined>(undefined);
  const create = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      Create access token
    </Button>
  );
  return (
    <>
      <PageHead
        title="Access tokens"
        actions={create}
        {...given({ verdict: sentenceOf(tokens.data?.items) })}
      />
      <CreateAccessToken
        accountName={session.data?.account.name ?? ''}
        opened={creating}
        onClose={() => setCreating(false)}
      />
      <WholeTable
        name="Access tokens"
        list={tokens}
        columns={columnsOf(setRevoked)}
        rowKey={(token) => String(token.id)}
        empty={
          <EmptyNote title="No access tokens yet">
            They stand for your password in docker login, scripts and the API, and can be revoked one by one.
          </EmptyNote>
        }
      />
      <ConfirmDialog
        opened={revoked !== undefined}
        title={`Revoke ${revoked?.name ?? ''}?`}
        confirmLabel="Revoke token"
        pending={revoke.isPending}
        error={revoke.error}
        onClose={() => setRevoked(undefined)}
        onConfirm={() =>
          revoked !== undefined && revoke.mutate(revoked.id, { onSuccess: () => setRevoked(undefined) })
        }
      >
        Whatever uses it is signed out at once.
      </ConfirmDialog>
    </>
  );
}
