import type { AccessToken } from '../api/answers.ts';
import type { Column } from './data-table.tsx';
import { RelativeTime } from './relative-time.tsx';
import { RowAction } from './row-action.tsx';
import { LastUse, SecretExpiry } from './secret-times.tsx';

/** A list of access tokens, each of which can be revoked. */
export function tokenColumns(onRevoke: (token: AccessToken) => void): readonly Column<AccessToken>[] {
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
