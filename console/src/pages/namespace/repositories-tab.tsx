import { Checkbox } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { Namespace, Repository } from '../../api/answers.ts';
import { ApiError } from '../../api/api-error.ts';
import { useDeleteRepository, useRepositories } from '../../api/repositories.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';

const pageSize = 50;

function columnsOf(onDelete: ((name: string) => void) | undefined): readonly Column<Repository>[] {
  const columns: Column<Repository>[] = [
    { id: 'name', label: 'Repository', grow: true, cell: ({ name }) => name },
    { id: 'tags', label: 'Tags', align: 'right', cell: ({ tagCount }) => tagCount },
    { id: 'images', label: 'Images', align: 'right', cell: ({ imageCount }) => imageCount },
    {
      id: 'updated',
      label: 'Last push',
      align: 'right',
      cell: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
    },
  ];
  if (onDelete !== undefined) {
    columns.push({
      id: 'actions',
      label: '',
      align: 'right',
      cell: ({ name }) => <RowAction label="Delete" of={name} onClick={() => onDelete(name)} />,
    });
  }
  return columns;
}

/** Immutable tags hold it back; an admin of the namespace may insist. */
function DeleteRepository(props: { namespace: Namespace; repository: string; onClose: () => void }) {
  const { namespace, repository, onClose } = props;
  const [force, setForce] = useState(false);
  const remove = useDeleteRepository(namespace.name);
  const isHeldBack = remove.error instanceof ApiError && remove.error.status === 409;
  const onSuccess = ({ freedBytes }: { freedBytes: number }) => {
    notifications.show({
      title: `${repository} is deleted`,
      message: `${byteSize(freedBytes)} will be freed in the background: a few minutes as a rule, longer for very much.`,
    });
    onClose();
  };
  return (
    <ConfirmDialog
      opened
      title={`Delete ${repository}?`}
      confirmLabel="Delete repository"
      typedName={repository}
      pending={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate({ repository, ...(force ? { force } : {}) }, { onSuccess })}
    >
      All its images and tags go with it. It cannot be undone.
      {isHeldBack && namespace.role === 'admin' && (
        <Checkbox
          mt="sm"
          label="Delete its immutable tags too"
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      )}
    </ConfirmDialog>
  );
}

/** Repositories of a namespace, with how much is in them. */
export function RepositoriesTab({ namespace }: { namespace: Namespace }) {
  const state = useSearchState();
  const [deleting, setDeleting] = useState<string>();
  const repositories = useRepositories(
    namespace.name,
    given({ limit: pageSize, q: state.get('q'), cursor: state.get('cursor') }),
  );
  const mayDelete = namespace.role === 'admin' || namespace.role === 'maintainer';
  return (
    <>
      {deleting !== undefined && (
        <DeleteRepository
          namespace={namespace}
          repository={deleting}
          onClose={() => setDeleting(undefined)}
        />
      )}
      <PagedTable
        name="Repositories"
        list={repositories}
        state={state}
        pageSize={pageSize}
        noun="repositories"
        columns={columnsOf(mayDelete ? setDeleting : undefined)}
        rowKey={({ name }) => name}
        filters={<SearchBox state={state} label="Search repositories" placeholder="Name" />}
        empty={<EmptyNote title="No repositories here" />}
      />
    </>
  );
}
