import { useState } from 'react';
import { useAccessTokens, useRevokeAccessToken } from '../api/access-tokens.ts';
import type { AccessToken } from '../api/answers.ts';
import { useSession } from '../api/session.ts';
import { PageHead } from '../layout/page-head.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { CreateButton } from '../parts/create-button.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { given } from '../parts/given.ts';
import { tokenColumns } from '../parts/token-columns.tsx';
import { WholeTable } from '../parts/whole-table.tsx';
import { CreateAccessToken } from './access-tokens/create-access-token.tsx';

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
  const [revoked, setRevoked] = useState<AccessToken | undefined>(undefined);
  return (
    <>
      <PageHead
        title="Access tokens"
        actions={
          <CreateButton label="Create access token">
            {(dialog) => <CreateAccessToken accountName={session.data?.account.name ?? ''} {...dialog} />}
          </CreateButton>
        }
        {...given({ verdict: sentenceOf(tokens.data?.items) })}
      />
      <WholeTable
        name="Access tokens"
        list={tokens}
        columns={tokenColumns(setRevoked)}
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
