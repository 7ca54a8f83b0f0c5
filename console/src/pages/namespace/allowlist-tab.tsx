import { useState } from 'react';
import { Link } from 'react-router';
import type { Exemption, Namespace } from '../../api/answers.ts';
import { useExemptions, useRemoveExemption } from '../../api/exemptions.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { AddExemptions } from './add-exemptions.tsx';

const pageSize = 50;

function scopeOf(exemption: Exemption): string {
  const parts = [
    exemption.repository === undefined ? 'whole namespace' : `repositories ${exemption.repository}`,
    ...(exemption.package === undefined ? [] : [`package ${exemption.package}`]),
    ...(exemption.path === undefined ? [] : [`path ${exemption.path}`]),
    ...(exemption.digest === undefined ? [] : [exemption.digest.slice(0, 19)]),
  ];
  return parts.join(', ');
}

/** Vulnerabilities have a page; what is found in files stands in the reports of its images. */
function AllowedId({ id }: { id: string }) {
  if (id.startsWith('SECRET:') || id.startsWith('MALWARE:')) return <span className="pq-nowrap">{id}</span>;
  return (
    <Link to={`/vulnerabilities/${encodeURIComponent(id)}`} className="pq-nowrap">
      {id}
    </Link>
  );
}

function columnsOf(
  onRemove: (exemption: Exemption) => void,
  mayChange: boolean,
): readonly Column<Exemption>[] {
  return [
    {
      id: 'id',
      label: 'Id',
      cell: ({ vulnerabilityId }) => <AllowedId id={vulnerabilityId} />,
    },
    {
      id: 'reason',
      label: 'Reason',
      grow: true,
      cell: (exemption) => <span title={exemption.reason}>{exemption.reason}</span>,
    },
    { id: 'scope', label: 'Counts for', cell: scopeOf },
    {
      id: 'expires',
      label: 'Expires',
      cell: (exemption) => {
        if (exemption.expired) return <strong>Expired</strong>;
        return exemption.expiresAt === undefined ? (
          <span className="pq-dim">never</span>
        ) : (
          <RelativeTime at={exemption.expiresAt} />
        );
      },
    },
    { id: 'by', label: 'By', cell: (exemption) => exemption.createdBy },
    {
      id: 'added',
      label: 'Added',
      align: 'right',
      cell: (exemption) => <RelativeTime at={exemption.createdAt} />,
    },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (exemption) =>
        mayChange && (
          <RowAction label="Remove" of={exemption.vulnerabilityId} onClick={() => onRemove(exemption)} />
        ),
    },
  ];
}

/** Ids that do not count against images of this namespace. */
export function AllowlistTab({ namespace }: { namespace: Namespace }) {
  const state = useSearchState();
  const [removed, setRemoved] = useState<Exemption | undefined>(undefined);
  const exemptions = useExemptions({ namespace: namespace.name, ...given({ cursor: state.get('cursor') }) });
  const remove = useRemoveExemption(namespace.name);
  const mayChange = namespace.role === 'admin' || namespace.role === 'auditor';
  return (
    <div className="pq-policy-main">
      {mayChange && <AddExemptions namespace={namespace.name} />}
      <PagedTable
        name="Allowlist"
        list={exemptions}
        state={state}
        pageSize={pageSize}
        noun="allowed ids"
        columns={columnsOf(setRemoved, mayChange)}
        rowKey={(exemption) => String(exemption.id)}
        empty={
          <EmptyNote title="Nothing is allowed by exception">
            Ids put here stay in the reports, but do not count when a pull is judged.
          </EmptyNote>
        }
      />
      <ConfirmDialog
        opened={removed !== undefined}
        title={`Remove ${removed?.vulnerabilityId ?? ''} from the allowlist?`}
        confirmLabel="Remove from allowlist"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoved(undefined)}
        onConfirm={() =>
          removed !== undefined && remove.mutate(removed.id, { onSuccess: () => setRemoved(undefined) })
        }
      >
        From the next pull on it counts again, and may refuse images of {namespace.name}.
      </ConfirmDialog>
    </div>
  );
}
