import { Switch } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useCreateNamespace } from '../../api/namespaces.ts';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { NameField } from '../../parts/name-field.tsx';

/** The form for a new namespace; leads to its page when it is there. */
export function CreateNamespace({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const create = useCreateNamespace();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [autoScan, setAutoScan] = useState(true);
  const [isPublic, setIsPublic] = useState(false);
  const close = () => {
    create.reset();
    setName('');
    onClose();
  };
  const submit = () =>
    create.mutate(
      { name, autoScan, public: isPublic },
      {
        onSuccess: (namespace) => {
          close();
          void navigate(`/namespaces/${namespace.name}`);
        },
      },
    );
  return (
    <FormDialog
      opened={opened}
      title="Create namespace"
      pending={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={close}
    >
      <NameField
        description={`Images are pushed to ${window.location.host}/${name === '' ? 'name' : name}/…`}
        value={name}
        onChange={setName}
      />
      <Switch
        label="Scan images as they are pushed"
        checked={autoScan}
        onChange={(event) => setAutoScan(event.currentTarget.checked)}
      />
      <Switch
        label="Everybody may pull, without signing in"
        checked={isPublic}
        onChange={(event) => setIsPublic(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
